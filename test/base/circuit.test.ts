import { expect, it } from 'vitest';
import { createCircuit } from '../../src/base/circuit.ts';
import { TemporaryError } from '../../src/base/errors.ts';
import { HOUR } from '../../src/base/time.ts';

it('a circuit that is open lets a call through at once when the clock was set back', async () => {
  let now = 1_000_000;
  const circuit = createCircuit({ name: 'x', now: () => now, failures: 1 });
  const fail = (): Promise<never> => Promise.reject(new TemporaryError('unreachable', 'no answer'));
  await expect(circuit.run(fail)).rejects.toThrow('no answer');
  await expect(circuit.run(async () => 1)).rejects.toMatchObject({ code: 'down' });

  now -= HOUR;

  expect(circuit.state().retryAt).toBe(now);
  expect(await circuit.run(async () => 1)).toBe(1);
  expect(circuit.state().up).toBe(true);
});
