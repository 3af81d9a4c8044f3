// Holds what became of a job against what must: Maestro's node, KCIDB's objects, LAVA's jobs and the served logs.
import { z } from 'zod';
import { lavaHas } from '../../src/lava/features.ts';
import type { Job } from './bridge.ts';
import type { Expected } from './cases.ts';
import { ORIGIN, RUNTIME, type World } from './world.ts';

/** What is not as it must be; empty if all is. */
export async function faultsOf(
  world: World,
  nodeId: string,
  job: Job,
  expected: Expected,
): Promise<string[]> {
  const lavaIds = (await world.lab.client.findByMark(nodeId)).ids;
  const checks: Check[] = [
    ['stage', job.stage, 'reported'],
    ['rule', job.verdict?.rule, expected.rule],
    ['LAVA jobs', lavaIds.length, expected.lavaJobs ?? 1],
    ...evidenceChecks(world, job, expected),
    ...kcidbChecks(world, lavaIds[0] ?? nodeId, expected),
    ...nodeChecks(world, nodeId, lavaIds[0], job.device, expected),
    ...(await logChecks(world, nodeId, expected)),
  ];
  return checks
    .filter(([, is, must]) => is !== must)
    .map(([what, is, must]) => `${what} is ${String(is)}, not ${String(must)}`);
}

type Check = [what: string, is: unknown, must: unknown];

/** A callback that came is evidence where the lab's LAVA keeps its token private. */
function evidenceChecks({ lab }: World, job: Job, { evidence }: Expected): Check[] {
  if (evidence === undefined) return [];
  const must = lavaHas('private callback token', lab.version) ? evidence : 'fetched';
  return [['evidence', job.attempts[0]?.evidence, must]];
}

const KcidbTest = z.looseObject({
  id: z.string(),
  path: z.string(),
  status: z.string(),
  number: z.looseObject({ value: z.number(), unit: z.string().optional() }).optional(),
});
const KcidbIncident = z.looseObject({ test_id: z.string(), issue_id: z.string() });
const KcidbIssue = z.looseObject({
  id: z.string(),
  culprit: z.object({ code: z.boolean(), tool: z.boolean(), harness: z.boolean() }).partial().optional(),
});

function kcidbChecks({ kcidb }: World, key: number | string, expected: Expected): Check[] {
  const prefix = `${ORIGIN}:${RUNTIME}-${key}-`;
  const tests = z
    .array(KcidbTest)
    .parse(kcidb.objects('tests').filter((t) => String(t['id']).startsWith(prefix)));
  const status = new Map(tests.map((test) => [test.path, test.status]));
  const reports = [...kcidb.submissions.values()].filter((s) =>
    JSON.stringify(s.report).includes(`"${prefix}boot"`),
  );
  const measured = tests.find((test) => test.path.endsWith('.measured'));
  return [
    ['reports to KCIDB', reports.length, 1],
    ['faults in the report', reports.flatMap((r) => r.errors).join('; '), ''],
    ['boot', status.get('boot'), expected.boot],
    ['shell', status.get('shell'), expected.shell],
    ...Object.entries(expected.leaves ?? {}).map(([path, must]): Check => [path, status.get(path), must]),
    [
      'incident',
      incidentOf(kcidb, prefix),
      expected.incident && `${expected.incident.culprit} on ${expected.incident.on}`,
    ],
    ...(expected.leaves?.['shell.smoke.measured'] === undefined
      ? []
      : [['measurement', `${measured?.number?.value} ${measured?.number?.unit}`, '12.5 ms'] satisfies Check]),
  ];
}

/** `code on boot`; several stand one after the other. */
function incidentOf(kcidb: World['kcidb'], prefix: string): string | undefined {
  const incidents = z
    .array(KcidbIncident)
    .parse(kcidb.objects('incidents').filter((i) => String(i['test_id']).startsWith(prefix)));
  const told = incidents.map(({ test_id, issue_id }) => {
    const { culprit = {} } = KcidbIssue.parse(kcidb.find('issues', issue_id));
    const whose = (['code', 'tool', 'harness'] as const).filter((part) => culprit[part] === true);
    return `${whose.join('+') || 'nobody'} on ${test_id.slice(prefix.length)}`;
  });
  return told.length === 0 ? undefined : told.join(', ');
}

function nodeChecks(
  { maestro }: World,
  nodeId: string,
  lavaId: number | undefined,
  device: string | null,
  expected: Expected,
): Check[] {
  const node = maestro.database.get(nodeId);
  const data: Record<string, unknown> = node?.data ?? {};
  const ends = maestro.database.transitions.filter(({ id, to }) => id === nodeId && to === 'done');
  return [
    ['node state', node?.state, 'done'],
    ['node result', node?.result, expected.result],
    ['node error_code', data['error_code'] ?? undefined, expected.errorCode],
    ['node device', data['device'] ?? null, device],
    ['times that the node ended', ends.length, 1],
    ...(lavaId === undefined ? [] : [['node job_id', data['job_id'], String(lavaId)] satisfies Check]),
  ];
}

async function logChecks(world: World, nodeId: string, { console }: Expected): Promise<Check[]> {
  const artifacts = world.maestro.database.get(nodeId)?.artifacts ?? {};
  const ours = Object.entries(artifacts).filter(([, url]) => url.startsWith(world.relays.bridge.url));
  const served = await Promise.all(
    ours.map(async ([name, url]) => {
      const answer = await fetch(url);
      return { name, status: answer.status, text: await answer.text() };
    }),
  );
  const checks = served.map(({ name, status }): Check => [`served ${name}`, status, 200]);
  if (console === undefined) return checks;
  const text = served.find(({ name }) => name === 'test_log')?.text;
  return [...checks, [`console with ${console.source}`, text !== undefined && console.test(text), true]];
}
