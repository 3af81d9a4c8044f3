import { expect, it } from 'vitest';
import { createCircuit } from '../../src/engine/circuit.ts';
import { LONGEST_RETRY_AFTER, TemporaryError } from '../../src/core/errors.ts';
import { HOUR } from '../../src/core/time.ts';

const fail = (): Promise<never> => Promise.reject(new TemporaryError('unreachable', 'no answer'));

it('a circuit reports an outage in the same words, whether a call was tried or not', async () => {
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
  await expect(circuit.run(fail)).rejects.toBeInstanceOf(TemporaryError);
  await expect(circuit.run(async () => 1)).rejects.toMatchObject({ code: 'down' });

  now -= HOUR;

  expect(circuit.state().retryAt).toBe(now);
  expect(await circuit.run(async () => 1)).toBe(1);
  expect(circuit.state().status).toBe('up');
});

it('a circuit is unknown until the first answer, and again when the last one is long ago', async () => {
  let now = 1_000_000;
  const circuit = createCircuit({ name: 'x', now: () => now, failures: 2 });
  const status = (): string => circuit.state().status;

  expect([status(), circuit.state().answeredAt]).toEqual(['unknown', undefined]);
  await circuit.run(fail).catch(() => undefined);
  expect(status()).toBe('unknown');
  await circuit.run(async () => 1);
  expect([status(), circuit.state().answeredAt]).toEqual(['up', now]);
  now += HOUR;
  expect(status()).toBe('unknown');
  await circuit.run(fail).catch(() => undefined);
  await circuit.run(fail).catch(() => undefined);
  expect(status()).toBe('down');
  now += HOUR;
  expect(circuit.state()).toMatchObject({ status: 'down', since: 4_600_000, answeredAt: 1_000_000 });
});

it('a circuit waits no longer than ten minutes, whatever the other side asks for', async () => {
  const now = 1_000_000;
  const circuit = createCircuit({ name: 'x', now: () => now, failures: 1 });
  const busy = new TemporaryError('lava_busy', 'busy', { retryAfterMs: 999_999_000 });

  await circuit.run(() => Promise.reject(busy)).catch(() => undefined);

  expect(circuit.state().retryAt).toBe(now + LONGEST_RETRY_AFTER);
});
