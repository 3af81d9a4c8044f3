// Every definition that the shipped templates can produce, against the lab's strict validation (which reads only).
// `npm run contract -- test/lab/definitions.test.ts` runs it alone.
import { expect, it } from 'vitest';
import { RequestError } from '../../src/base/errors.ts';
import { createLavaClient } from '../../src/lava/client.ts';
import { matrix } from '../templates/matrix.ts';
import { makeInput, makeRequest, shipped } from '../templates/support.ts';
import { labFact } from './environment.ts';

const client = createLavaClient({
  url: labFact('URL'),
  user: labFact('BRIDGE_USER'),
  token: labFact('BRIDGE_TOKEN'),
  timeoutMs: 60_000,
});

/** Job names that the shipped plans are for. */
function planNames(): string[] {
  const parts: Record<string, string> = {
    'ltp-*': 'math',
    'rt-tests-*': 'pmqtest',
    'rt-tests-rtla-*': 'osnoise',
  };
  return shipped.plans.names().map((name) => name.replace('*', parts[name] ?? 'arm64'));
}

it('accepts every boot method × test, strictly', { timeout: 1_800_000 }, async () => {
  const refusals: string[] = [];
  const seen = new Set<string>();
  let unsupported = 0;
  // All at once: the client lets a few go to the lab at a time.
  const checks: Promise<void>[] = [];
  const validate = async (label: string, definition: string): Promise<void> => {
    const fault = await client.validate(definition, true);
    if (fault !== undefined) refusals.push(`${label}: ${fault.path}: ${fault.message}`);
  };
  const check = (label: string, definition: string): void => {
    if (seen.has(definition)) return;
    seen.add(definition);
    checks.push(validate(label, definition));
  };
  for (const { label, input } of matrix()) {
    let definition: string;
    try {
      ({ definition } = shipped.renderer.render(input));
    } catch (error) {
      // What a board cannot do at all is refused by its template: NFS with fastboot, a bzImage with U-Boot.
      expect(error).toBeInstanceOf(RequestError);
      expect((error as RequestError).code).toMatch(/^(unsupported_boot|unsupported_kernel)$/);
      unsupported++;
      continue;
    }
    check(label, definition);
  }
  for (const name of planNames()) {
    for (const platform of [
      'qemu-x86_64',
      'qemu-arm64',
      'bcm2711-rpi-4-b',
      'mt8183-kukui-jacuzzi-juniper-sku16',
    ]) {
      const kernel = platform === 'qemu-x86_64' ? 'bzImage' : 'Image';
      const input = makeInput(makeRequest({ name, platform, kernel }));
      check(`${name} on ${platform}`, shipped.renderer.render(input).definition);
    }
  }
  await Promise.all(checks);
  process.stdout.write(
    `${seen.size} definitions validated, ${refusals.length} refused; ${unsupported} unsupported\n`,
  );
  expect(refusals).toEqual([]);
});
