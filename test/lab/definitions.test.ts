// Every definition that the shipped templates can produce, against the lab's strict validation (which reads only):
// `. /var/tmp/lavalab/lab.env && npx vitest run --config test/lab/vitest.config.ts test/lab/definitions.test.ts`.
import { expect, it } from 'vitest';
import { RequestError } from '../../src/base/errors.ts';
import { createLavaClient } from '../../src/lava/client.ts';
import { matrix } from '../templates/matrix.ts';
import { makeInput, makeRequest, shipped } from '../templates/support.ts';

function lab(name: string): string {
  const value = process.env[`LAVALAB_${name}`];
  if (value === undefined) throw new Error(`LAVALAB_${name} is not set: read the lab's lab.env first`);
  return value;
}

const client = createLavaClient({
  url: lab('URL'),
  user: lab('BRIDGE_USER'),
  token: lab('BRIDGE_TOKEN'),
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
  const check = async (label: string, definition: string): Promise<void> => {
    if (seen.has(definition)) return;
    seen.add(definition);
    const fault = await client.validate(definition, true);
    if (fault !== undefined) refusals.push(`${label}: ${fault.path}: ${fault.message}`);
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
    await check(label, definition);
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
      await check(`${name} on ${platform}`, shipped.renderer.render(input).definition);
    }
  }
  process.stdout.write(
    `${seen.size} definitions validated, ${refusals.length} refused; ${unsupported} unsupported\n`,
  );
  expect(refusals).toEqual([]);
});
