// What an import of KernelCI's own configuration renders, against what KernelCI's own code makes of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadBoards, type Boards } from '../../src/catalog/boards.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { BridgeConfig } from '../../src/config/schema.ts';
import { loadPlans, type Plans } from '../../src/catalog/plans.ts';
import { renderInput } from '../../src/templates/input.ts';
import { makeRequest, readDefinition, ROOT, shipped, type RequestParts } from '../templates/support.ts';
import { runImport } from '../import/support.ts';
import { referencePath } from './folder.ts';
import { SAMPLES } from './samples.ts';
import { expectCounted } from './document.ts';

const CASES: [sample: string, parts: RequestParts][] = Object.entries(SAMPLES);

/** Where our templates differ from KernelCI's on purpose (docs/parity.md), whatever was imported. */
const OURS = [
  /^notify\.callback\.url$/,
  /^timeouts\.(job\.minutes|connections)$/,
  /^context\.console_device$/,
  /\.steps(\.\d+)?$/,
  /\.repository\.metadata\.(description|environment|os|scope)$/,
  /^actions\.0\.deploy\.(os|timeout|modules|root_partition|kernel\.image_arg|kernel\.type)$/,
  /^actions\.0\.deploy\.images\.ramdisk\.(compression|format|overlays)$/,
  // KernelCI's has two slashes.
  /^actions\.0\.deploy\.(nfsrootfs|ramdisk)\.url \/\/$/,
  // There is no qemu-system-arm64.
  /^actions\.1\.boot\.docker\.binary qemu-system-arm64$/,
  /^actions\.2\.test\.interactive\.0\.script\.(0\.failures\.0\.message|1\.command)$/,
  // KernelCI's is null.
  /^actions\.2\.test\.timeout\.minutes null$/,
  /^actions\.2\.test\.name$/,
  /^actions\.2\.test\.definitions\.0\.parameters\.(AFFINITY|AFFINTIY|PRIORITY|(ARTIFACTORIAL_\w+|HISTOGRAM) null)$/,
];

it('compares as many definitions as the page says', () => {
  expectCounted(CASES.length, 'definitions made after an import');
});

describe('after an import', () => {
  let config: BridgeConfig;
  let boards: Boards;
  let plans: Plans;

  beforeAll(async () => {
    const { out } = await runImport(referencePath('kernelci-config'), {
      instance: 'production',
      callbackBase: 'https://pipeline.kernelci.example',
    });
    config = await loadConfig(join(out, 'lava-bridge.yaml'));
    boards = await loadBoards({ shipped: join(ROOT, 'device-types'), own: config.device_types });
    plans = await loadPlans({ shipped: join(ROOT, 'plans'), own: config.plans });
  }, 600_000);

  it.each(CASES)('%s is as KernelCI makes it, but for what our templates do better', (sample, parts) => {
    const request = makeRequest(parts);
    const lab = config.labs.find(({ name }) => name === (parts.lab ?? 'lava-collabora'));
    if (lab === undefined) throw new Error('no such lab');
    const board = boards.get(parts.platform, lab.name);
    const base = request.kbuild?.artifacts['metadata']?.replace('metadata.json', '') ?? '';
    const dtbs = Object.fromEntries(board.dtb.map((path) => [path, `${base}${path}`]));

    const { definition } = shipped.renderer.render(renderInput(request, config, lab, { board, plans, dtbs }));

    const upstream: unknown = parse(
      readFileSync(referencePath('reference/rendered', `lava-${sample}.yaml`), 'utf8'),
    );
    const found = differences(upstream, readDefinition(definition));
    expect(found.filter((path) => !OURS.some((pattern) => pattern.test(path)))).toEqual([]);
  });
});

/** The paths at which ours differs from KernelCI's; some with what KernelCI has there. */
function differences(a: unknown, b: unknown, path: string[] = []): string[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  const here = path.join('.');
  const isMap = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null;
  if (!isMap(a) || !isMap(b)) return [`${here}${told(a, b)}`];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(a[key], b[key], [...path, key]));
}

function told(a: unknown, b: unknown): string {
  if (a === null) return ' null';
  if (typeof a === 'string' && a.replace(/(?<!:)\/\//g, '/') === b) return ' //';
  return typeof a === 'string' && a.startsWith('qemu-system-') ? ` ${a}` : '';
}

describe('KernelCI’s own configuration', () => {
  it('comes over: every board and test that LAVA can run, and a reason for all others', async () => {
    const { report } = await runImport(referencePath('kernelci-config'));

    expect(report.counts).toEqual(
      expect.arrayContaining([
        { kind: 'runtimes', found: 17, over: 13 },
        { kind: 'platforms', found: 135, over: 129 },
        { kind: 'jobs', found: 441, over: 247 },
        { kind: 'rootfs sets', found: 16, over: 16 },
        { kind: 'tree priorities', found: 61, over: 61 },
        { kind: 'scheduler entries', found: 599, over: 390 },
      ]),
    );
    for (const { kind, found, over } of report.counts.filter(({ kind }) => !kind.startsWith('section'))) {
      const told = report.not_brought.filter((one) => one.kind === kind).flatMap(({ names }) => names);
      expect([kind, told.length]).toEqual([kind, found - over]);
    }
    // 33 times NFS on fastboot, and the one machine.
    expect(report.combinations.lava).toEqual({ found: 1124, twice: 4, rendered: 1090, refused: 34 });
    expect(new Set(report.refused.map(({ reason }) => reason.split(/[: ]/)[0]))).toEqual(
      new Set(['unsupported_boot', 'missing_rootfs', 'platform']),
    );
    const counted = (begin: string): number =>
      report.cannot_run.find(({ reason }) => reason.startsWith(begin))?.combinations ?? 0;
    expectCounted(report.combinations.lava.found, 'combinations');
    expectCounted(report.combinations.lava.rendered, 'of them give a definition');
    expectCounted(counted('NFS on QEMU'), 'jobs on QEMU');
    expectCounted(counted('NFS on fastboot'), 'jobs on fastboot');
    expectCounted(counted('kernel type bzimage'), 'jobs with a bzImage');
    const rules = report.never_started.filter(({ reason }) => !reason.startsWith('nothing builds'));
    expect(rules.reduce((sum, { combinations }) => sum + combinations, 0)).toBe(99);
  }, 600_000);
});
