import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';

const Lock = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), dev: z.boolean().optional() })),
});
const Sbom = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(
    z.object({ 'bom-ref': z.string(), group: z.string().optional(), name: z.string(), version: z.string() }),
  ),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
  metadata: z.object({ component: z.object({ 'bom-ref': z.string() }) }),
});

it('the bill of materials names all that a production installation has, and nothing of development', async () => {
  const lock = Lock.parse(JSON.parse(await readFile('package-lock.json', 'utf8')));
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/sbom.cjs'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const { components, dependencies, metadata } = Sbom.parse(JSON.parse(stdout));

  const wanted = Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`);
  const named = components.map(({ group, name, version }) =>
    group === undefined ? `${name}@${version}` : `${group}/${name}@${version}`,
  );
  expect(named.toSorted()).toEqual([...new Set(wanted)].toSorted());
  // Nothing in it leads to what is not in it.
  const refs = new Set([metadata.component, ...components].map((component) => component['bom-ref']));
  expect(
    dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref)),
  ).toEqual([]);
}, 120_000);
