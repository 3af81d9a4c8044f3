import { expect, it } from 'vitest';
import { createCircuit } from '../../src/engine/circuit.ts';
import { TemporaryError } from '../../src/core/errors.ts';
import { HOUR } from '../../src/core/time.ts';

const fail = (): Promise<never> => Promise.reject(new TemporaryError('unreachable', 'no answer'));

it('a circuit tells of an outage in the same words, whether a call was tried or not', async () => {
  let now = 1_000_000;
  const circuit = createCircuit({ name: 'x', now: () => now });
  const texts = new Set<string>();
  for (let i = 0; i < 20; i++) {
    now += 4000;
    await circuit.run(fail).catch((error: unknown) => texts.add(String(error)));
  }

  expect([...texts]).toHaveLength(2);
  expect([...texts][0]).toContain('no answer');
  expect([...texts][1]).toContain('x is away since 1970-01-01T00:16:52.000Z: no answer');
});

it('a circuit that is open lets a call through at once when the clock was set back', async () => {
  let now = 1_000_000;
  const circuit = createCircuit({ name: 'x', now: () => now, failures: 1 });
  await expect(circuit.run(fail)).rejects.toThrow('x is away since');
  await expect(circuit.run(async () => 1)).rejects.toMatchObject({ code: 'down' });

  now -= HOUR;

  expect(circuit.state().retryAt).toBe(now);
  expect(await circuit.run(async () => 1)).toBe(1);
  expect(circuit.state().up).toBe(true);
});
