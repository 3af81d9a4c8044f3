// Imports KernelCI's configuration: its `config` folder → a whole configuration folder of ours, outcomes out, and a report
// of what came over, what did not and why, and what is scheduled in vain.
import { join } from 'node:path';
import { createRenderer } from '../templates/renderer.ts';
import { shippedFolder } from '../core/shipped.ts';
import { findBuild, readBuilds, type Build } from './builds.ts';
import { bridgeConfig, type ConfigOptions } from './config.ts';
import type { Importing } from './context.ts';
import { writeFolder, yamlText, type Folder } from './files.ts';
import { importJobs, type ImportedPlan } from './jobs.ts';
import { createLedger } from './ledger.ts';
import { importPlatforms, type Board } from './platforms.ts';
import { summarize, type Report, type Tested } from './report.ts';
import { combinationId, sampleRequest, type Sample } from './requests.ts';
import { importRootfs } from './rootfs.ts';
import { importRuntimes, type Lab } from './runtimes.ts';
import { importScheduler, type Combination, type Schedule } from './scheduler.ts';
import { readSource } from './source.ts';
import { importTrees, type Trees } from './trees.ts';
import { renderSamples } from './render-samples.ts';
import { upstreamFaults } from './upstream.ts';
import type { RootfsSet } from '../catalog/rootfs.ts';

export interface ImportOptions extends ConfigOptions {
  /** KernelCI's `config` folder. */
  dir: string;
  /** The folder to write. */
  out: string;
  /** Writes into a folder that is not empty. */
  force: boolean;
}

export interface Imported {
  report: Report;
  /** A request for each combination, scheduled twice or not, once. */
  samples: Sample[];
}

/** In the first line of every file that an import writes. */
const MARK = 'lava-bridge import kernelci';

/** All that came over. */
interface Parts {
  boards: Map<string, Board>;
  plans: Map<string, ImportedPlan>;
  sets: Map<string, RootfsSet>;
  trees: Trees;
  labs: Map<string, Lab>;
  schedule: Schedule;
}

/**
 * Throws ConfigError for a folder that KernelCI could not read either, and BridgeError `not_empty` (`out` holds
 * something, no `force`), `not_written` or `unknown_name` (an API or storage that was asked for).
 */
export async function importKernelci(options: ImportOptions): Promise<Imported> {
  const source = await readSource(options.dir);
  const renderer = await createRenderer({ shipped: shippedFolder('job-templates') });
  const importing: Importing = {
    source,
    ledger: createLedger(),
    templates: { boot: new Set(renderer.names('boot')), test: new Set(renderer.names('test')) },
  };
  const labs = importRuntimes(importing);
  const sets = importRootfs(importing);
  const boards = importPlatforms(importing, sets);
  const plans = importJobs(importing, sets);
  const trees = importTrees(importing);
  const schedule = importScheduler(importing, {
    labs,
    runtimes: new Set(source.entries('runtimes').map(({ name }) => name)),
    jobs: new Set(plans.keys()),
    platforms: new Set(boards.keys()),
  });
  const parts = { boards, plans, sets, trees, labs, schedule };
  const config = bridgeConfig(importing, [...labs.values()].toSorted(byName), options);

  await writeFolder(options.out, folder(parts, config.value, options.dir), MARK, options.force);

  const { samples, tested } = await testAll(importing, parts, config.filesUrl, options.out);
  return { samples, report: summarize(importing, parts, tested, config.todo) };
}

/** The files. Plans have names of their own, so that the shipped ones stay for jobs that are new in KernelCI. */
function folder({ boards, plans, sets, trees, labs, schedule }: Parts, config: unknown, dir: string): Folder {
  const head = (what: string): string => `${what}, from ${dir} by ${MARK}.`;
  const files = new Map<string, string>([
    ['lava-bridge.yaml', yamlText(config, { comment: [head("KernelCI's labs"), ...CONFIG_COMMENT] })],
  ]);
  for (const board of [...boards.values()].toSorted(byName)) {
    const used = [...labs.keys()].filter((lab) =>
      schedule.combinations.some((one) => one.platform === board.name && one.lab === lab),
    );
    const comment = [
      head(`KernelCI's platform ${board.name} (${board.place})`),
      ...(used.length === 0 ? [] : [`Scheduled on ${used.join(', ')}.`]),
    ];
    files.set(`device-types/${board.name}.yaml`, yamlText(board.file, { comment, share: ['rootfs'] }));
  }
  for (const [file, types] of PLAN_FILES) {
    const mine = [...plans.values()].filter(({ type }) => (types ? types.has(type) : !OWN_FILE.has(type)));
    if (mine.length === 0) continue;
    const entries = Object.fromEntries(mine.toSorted(byName).map(({ name, entry }) => [name, entry]));
    const text = yamlText(
      { plans: entries },
      { comment: [head("KernelCI's jobs")], share: ['plans'], depth: 3 },
    );
    files.set(`plans/kernelci-${file}.yaml`, text);
  }
  if (sets.size > 0) {
    const rootfs = Object.fromEntries([...sets].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    files.set(
      'plans/kernelci-rootfs.yaml',
      yamlText({ rootfs }, { comment: [head("KernelCI's root file systems")] }),
    );
  }
  if (schedule.triggers.length > 0) {
    const comment = [
      head("KernelCI's scheduler"),
      'For labs that accept triggers; the others get their jobs from KernelCI.',
    ];
    files.set('plans/kernelci-triggers.yaml', yamlText({ triggers: schedule.triggers }, { comment }));
  }
  // This one has the name of the shipped file, and so stands in its place: KernelCI knows no priority of other branches.
  const comment = [head("KernelCI's priorities of trees, by branch")];
  files.set('plans/trees.yaml', yamlText({ trees: trees.priorities }, { comment }));
  return files;
}

const CONFIG_COMMENT = [
  'Secrets come from the environment; the table of the import says what else to fill in.',
  'Take away the labs that are not yours.',
];

const PLAN_FILES: [file: string, types: ReadonlySet<string> | undefined][] = [
  ['boot', new Set(['boot'])],
  ['kselftest', new Set(['kselftest', 'kselftest-platform-parameters'])],
  ['ltp', new Set(['ltp'])],
  ['others', undefined],
];
const OWN_FILE = new Set(PLAN_FILES.flatMap(([, types]) => [...(types ?? [])]));

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** Makes a request for every combination, and renders all. */
async function testAll(
  importing: Importing,
  { boards, plans, sets, trees, labs, schedule }: Parts,
  filesUrl: string,
  out: string,
): Promise<{ samples: Sample[]; tested: Tested[] }> {
  const builds = readBuilds(importing);
  const samples = new Map<string, Sample>();
  const tested = new Map<string, Tested>();
  for (const combination of schedule.combinations) {
    const id = combinationId(combination);
    const known = tested.get(id);
    if (known !== undefined) {
      known.times += 1;
      continue;
    }
    const board = boards.get(combination.platform);
    const plan = plans.get(combination.job);
    const build = combination.build === undefined ? undefined : builds.get(combination.build);
    const facts = findBuild(
      build,
      demandsOf(combination, board, plan, labs),
      trees.built.map(({ value }) => value),
    );
    const isPull = labs.get(combination.lab)?.way === 'pull_labs';
    const unbuilt = whyUnbuilt(combination, build, schedule);
    const never = 'refused' in facts ? facts.refused : unbuilt;
    const anyBuild = { tree: 'mainline', branch: 'master', version: undefined, fields: build?.fields ?? {} };
    samples.set(
      id,
      sampleRequest(combination, {
        facts: 'refused' in facts ? anyBuild : facts,
        build,
        arch: board?.type.arch ?? 'arm64',
        filesUrl,
      }),
    );
    tested.set(id, {
      combination,
      times: 1,
      never,
      faults: board && plan && !isPull ? upstreamFaults(board, plan, sets) : [],
      missing: board === undefined ? 'platform' : plan === undefined ? 'job' : undefined,
      refusal: undefined,
    });
  }
  const outcomes = await renderSamples(join(out, 'lava-bridge.yaml'), [...samples.values()]);
  for (const { id, refusal } of outcomes) {
    const one = tested.get(id);
    if (one !== undefined) one.refusal = refusal;
  }
  return { samples: [...samples.values()], tested: [...tested.values()] };
}

function demandsOf(
  combination: Combination,
  board: Board | undefined,
  plan: ImportedPlan | undefined,
  labs: ReadonlyMap<string, Lab>,
) {
  return [
    { whose: "the entry's rules", rules: combination.rules },
    { whose: "the job's rules", rules: plan?.plan.rules },
    { whose: "the runtime's rules", rules: labs.get(combination.lab)?.rules },
    { whose: "the platform's rules", rules: board?.type.rules },
  ];
}

function whyUnbuilt(
  { build: name }: Combination,
  build: Build | undefined,
  { builds }: Schedule,
): string | undefined {
  if (name === undefined) return undefined;
  if (build === undefined) return `there is no build ${name}`;
  return builds.has(name) ? undefined : `nothing builds ${name}`;
}
