// A verdict as KCIDB takes it: one document with the job's tests, the issues that explain them, their incidents, and
// checkout and build where these are not Maestro's. What the dashboard needs is in it (kernelci/dashboard, August 2026).
import { rfc3339 } from '../core/time.ts';
import type { KernelRevision } from '../maestro/node.ts';
import type { LeafVerdict, RootVerdict, Verdict } from '../verdict/model.ts';
import { PATTERNS } from '../kcidb/formats.ts';
import { buildId, checkoutId, maestroId, testId, type RunKey } from '../kcidb/ids.ts';
import { describeIssues } from './kcidb-issues.ts';
import {
  KCIDB_VERSION,
  type KcidbBuild,
  type KcidbCheckout,
  type KcidbReport,
  type KcidbTest,
} from '../kcidb/schema.ts';
import { cleanExcerpt, cleanRecord, cleanText, cleanUri } from '../kcidb/text.ts';

/** Which build the job tested. `own`: one that only we report to KCIDB. */
export type BuildOfReport =
  | { kind: 'maestro'; nodeId: string }
  | { kind: 'known'; id: string }
  | {
      kind: 'own';
      revision: KernelRevision;
      arch: string;
      configName: string;
      compiler: string;
      startedAt: number;
    };

/** A run of the job, as it is listed when there were several. */
interface AttemptOfReport {
  lavaId: number;
  device?: string | undefined;
  /** How it ended, for people. */
  outcome: string;
}

/** All that a report needs in addition to the verdict. Times in milliseconds since the epoch. */
export interface ReportContext extends RunKey {
  build: BuildOfReport;
  /** LAVA's base URL, with its prefix if it has one. */
  lavaUrl?: string | undefined;
  lavaId?: number | undefined;
  device?: string | undefined;
  /** The platform's name in Maestro. */
  platform?: string | undefined;
  /** The board's compatible list, in the order of the device tree. */
  compatible?: readonly string[] | undefined;
  arch?: string | undefined;
  compiler?: string | undefined;
  kernelType?: string | undefined;
  configName?: string | undefined;
  /** Maestro's job node. */
  node?: { id: string; name: string; retryCounter: number } | undefined;
  /** When LAVA started the job; a test without a time of its own gets it. */
  startedAt?: number | undefined;
  /** The console's log, for people. */
  logUrl?: string | undefined;
  outputFiles?: readonly { name: string; url: string }[] | undefined;
  /** The runs that do not count, oldest first. */
  attempts?: readonly AttemptOfReport[] | undefined;
}

/** The report of a verdict, valid as it stands; the same for the same verdict and context. */
export function buildReport(verdict: Verdict, context: ReportContext): KcidbReport {
  const { build, builds, checkouts } = describeBuild(context);
  const shared = describeRun(context, build);
  const tests = [verdict.boot, ...verdict.roots].flatMap((root) => [
    describeRoot(root, verdict, context, shared),
    ...root.leaves.map((leaf) => describeLeaf(leaf, context, shared)),
  ]);
  const { issues, incidents } = describeIssues(verdict.issues, context);
  return {
    version: KCIDB_VERSION,
    ...(checkouts.length > 0 ? { checkouts } : {}),
    ...(builds.length > 0 ? { builds } : {}),
    tests,
    ...(issues.length > 0 ? { issues } : {}),
    ...(incidents.length > 0 ? { incidents } : {}),
  };
}

/**
 * The boot test of a run that LAVA has just started: what is known of it, and no status. All that it says is said again,
 * with the same values, by the report of the run.
 */
export function startReport(bootPath: string, context: ReportContext): KcidbReport {
  const { build, builds, checkouts } = describeBuild(context);
  const { misc: _whole, log_url: _later, ...shared } = describeRun(context, build);
  const test = { id: testId(context, bootPath), ...shared, path: bootPath, ...timing(NO_TIMES, context) };
  return {
    version: KCIDB_VERSION,
    ...(checkouts.length > 0 ? { checkouts } : {}),
    ...(builds.length > 0 ? { builds } : {}),
    tests: [test],
  };
}

const NO_TIMES = { startedAt: undefined, duration: undefined };

/** The end of a run's boot test that was reported as started, and that does not count: another run takes its place. */
export function supersededReport(verdict: Verdict, context: ReportContext): KcidbReport {
  const { build } = describeBuild(context);
  const boot = describeRoot({ ...verdict.boot, leaves: [] }, verdict, context, describeRun(context, build));
  return { version: KCIDB_VERSION, tests: [boot] };
}

/** What all tests of a run have in common. */
type Shared = Pick<KcidbTest, 'build_id' | 'origin' | 'environment' | 'comment' | 'log_url' | 'misc'>;

function describeRun(context: ReportContext, build: string): Shared {
  const { lab, platform, node, lavaUrl, lavaId, device } = context;
  const compatible = (context.compatible ?? [])
    .map(cleanText)
    .filter((entry) => PATTERNS.compatible.test(entry));
  const jobUrl =
    lavaUrl === undefined || lavaId === undefined
      ? undefined
      : cleanUri(`${lavaUrl.replace(/\/+$/, '')}/scheduler/job/${lavaId}`);
  const environment = cleanRecord({
    platform,
    job_id: lavaId === undefined ? undefined : String(lavaId),
    job_url: jobUrl,
    device,
  });
  const where = platform === undefined ? lab : `${platform} in ${lab}`;
  const logUrl = cleanUri(context.logUrl);
  return {
    build_id: build,
    origin: context.origin,
    comment: cleanText(node ? `${node.name} on ${where}` : `LAVA job on ${where}`),
    environment: {
      ...(compatible.length > 0 ? { compatible } : {}),
      comment: cleanText(`Runtime: ${lab}`),
      ...(Object.keys(environment).length > 0 ? { misc: environment } : {}),
    },
    ...(logUrl === undefined ? {} : { log_url: logUrl }),
    misc: cleanRecord({
      runtime: lab,
      lab,
      arch: context.arch,
      compiler: context.compiler,
      kernel_type: context.kernelType,
      config_name: context.configName,
      maestro_viewer: node && `https://api.kernelci.org/viewer?node_id=${node.id}`,
      retry_counter: node?.retryCounter,
    }),
  };
}

function describeRoot(
  root: RootVerdict,
  verdict: Verdict,
  context: ReportContext,
  shared: Shared,
): KcidbTest {
  const outputFiles = (context.outputFiles ?? []).flatMap(({ name, url }) => {
    const uri = cleanUri(url);
    const file = cleanText(name).replaceAll('/', '_');
    return uri === undefined || file === '' ? [] : [{ name: file, url: uri }];
  });
  const excerpt = root.excerpt === undefined ? '' : cleanExcerpt(root.excerpt);
  return {
    id: testId(context, root.path),
    ...shared,
    path: root.path,
    status: root.status,
    ...timing(root, context),
    ...(excerpt === '' ? {} : { log_excerpt: excerpt }),
    ...(outputFiles.length > 0 ? { output_files: outputFiles } : {}),
    misc: {
      ...shared.misc,
      ...cleanRecord({
        ...root.misc,
        error_msg: root.reason,
        verdict_rule: verdict.rule,
        reached: verdict.reached,
        log_lines: lineRange(root),
        attempts: attemptsBefore(context),
      }),
    },
  };
}

/** undefined if it is the first. */
function attemptsBefore({ attempts = [] }: ReportContext): object[] | undefined {
  if (attempts.length === 0) return undefined;
  return attempts.map(({ lavaId, device, outcome }) => ({ job_id: String(lavaId), device, outcome }));
}

function describeLeaf(leaf: LeafVerdict, context: ReportContext, shared: Shared): KcidbTest {
  const excerpt = leaf.excerpt === undefined ? '' : cleanExcerpt(leaf.excerpt);
  const unit = leaf.number?.unit;
  return {
    id: testId(context, leaf.path),
    ...shared,
    comment: cleanText(`${leaf.lava.name}: ${shared.comment ?? ''}`),
    path: leaf.path,
    status: leaf.status,
    ...(leaf.number && {
      number: { value: leaf.number.value, ...(unit === undefined ? {} : { unit: cleanText(unit) }) },
    }),
    ...timing(leaf, context),
    ...(excerpt === '' ? {} : { log_excerpt: excerpt }),
    misc: {
      ...shared.misc,
      ...cleanRecord({ ...leaf.misc, lava_name: leafName(leaf), log_lines: lineRange(leaf) }),
    },
  };
}

/** LAVA's name of a case where its path does not have it. */
function leafName({ path, lava }: LeafVerdict): string | undefined {
  return path.endsWith(`.${lava.name}`) ? undefined : lava.name;
}

function lineRange(test: RootVerdict | LeafVerdict): [number, number] | undefined {
  const { startLine, endLine } = test;
  return startLine === undefined || endLine === undefined ? undefined : [startLine, endLine];
}

function timing(
  { startedAt, duration }: { startedAt: number | undefined; duration: number | undefined },
  context: ReportContext,
): Pick<KcidbTest, 'start_time' | 'duration'> {
  const start = startedAt ?? context.startedAt;
  return {
    ...(start === undefined ? {} : { start_time: rfc3339(start) }),
    ...(duration === undefined ? {} : { duration: Math.round(duration) / 1000 }),
  };
}

interface BuildObjects {
  build: string;
  builds: KcidbBuild[];
  checkouts: KcidbCheckout[];
}

function describeBuild({ build, origin }: ReportContext): BuildObjects {
  if (build.kind === 'maestro') return { build: maestroId(build.nodeId), builds: [], checkouts: [] };
  if (build.kind === 'known') return { build: build.id, builds: [], checkouts: [] };
  const { revision, arch, configName, compiler } = build;
  const startTime = rfc3339(build.startedAt);
  const patchset = /^[0-9a-f]{64}$/.test(revision.patchset ?? '') ? (revision.patchset ?? '') : '';
  const checkout = checkoutId(origin, { ...revision, patchsetHash: patchset });
  const id = buildId(origin, { checkoutId: checkout, arch, configName, compiler, startTime });
  const url = revision.url.startsWith('https://') ? cleanUri(revision.url) : undefined;
  return {
    build: id,
    builds: [
      {
        id,
        checkout_id: checkout,
        origin,
        start_time: startTime,
        architecture: arch.toLowerCase().replace(/[^a-z0-9_]/g, '_'),
        compiler: cleanText(compiler),
        config_name: cleanText(configName),
        status: 'PASS',
      },
    ],
    checkouts: [
      {
        id: checkout,
        origin,
        tree_name: cleanText(revision.tree),
        ...(url === undefined ? {} : { git_repository_url: url }),
        git_repository_branch: cleanText(revision.branch),
        ...(PATTERNS.sha1.test(revision.commit) ? { git_commit_hash: revision.commit } : {}),
        ...(revision.describe ? { git_commit_name: cleanText(revision.describe) } : {}),
        ...(revision.commit_tags?.length ? { git_commit_tags: revision.commit_tags.map(cleanText) } : {}),
        patchset_hash: patchset,
        start_time: startTime,
        valid: true,
      },
    ],
  };
}
