// One of two daemons is stopped at an exact place for longer than its leases, and wakes when the other has done its work: nothing
// is lost, done twice or spoiled. The table in docs/architecture.md says what happens at each place.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pairOfDaemons, type Pair } from '../support/daemons.ts';
import { PLACES } from '../support/places.ts';
import { stopAt } from '../support/stop-at.ts';
import { until, type TestWorld } from '../support/world.ts';

const LAVA = String.raw`POST \S*RPC2 .*`;

/** By what is under way there: where a daemon is stopped. */
const STOPS: Record<string, RegExp> = {
  'a request for a job’s definition is to be sent': /^request GET \S*\/files\//,
  'the answer with a job’s definition has come': /^answer GET \S*\/files\//,
  'a request is to be stored': /^sql insert into "jobs"/,
  'a node is to be claimed': /^request PATCH \S*\/node\/.*"job_id":"[0-9a-f]+:/,
  'a node is claimed': /^answer PATCH \S*\/node\/.*"job_id":"[0-9a-f]+:/,
  'LAVA is to be given the job': new RegExp(`^request ${LAVA}scheduler.jobs.submit<`),
  'LAVA has answered with the number of the job': new RegExp(`^answer ${LAVA}scheduler.jobs.submit<`),
  'LAVA has said how the job is': new RegExp(`^answer ${LAVA}scheduler.jobs.show<`),
  'the number of the job in LAVA is to be written to its node': /^request PATCH \S*\/node\/.*"job_id":"\d+"/,
  'a verdict is to be stored, within its transaction': /^sql update "jobs".*"judged"/,
  'a report is to be sent to KCIDB': /^request POST \S*\/submit/,
  'KCIDB has taken a report': /^answer POST \S*\/submit/,
  'Maestro has taken results': /^answer PUT \S*\/nodes\//,
  'a node is to be ended': /^request PATCH \S*\/node\/.*"state":"done"/,
  'a node is ended': /^answer PATCH \S*\/node\/.*"state":"done"/,
  'a daemon is to renew itself': /^sql update "processes"/,
};

/** Of each test that was sent to KCIDB, by its id: all that was said of it. */
function sentToKcidb({ kcidb }: TestWorld): Map<string, Set<string>> {
  const sent = new Map<string, Set<string>>();
  for (const { report } of kcidb.submissions.values()) {
    for (const test of Report.parse(report).tests)
      sent.set(test.id, (sent.get(test.id) ?? new Set()).add(JSON.stringify(test)));
  }
  return sent;
}

const Report = z.looseObject({ tests: z.array(z.looseObject({ id: z.string() })).default([]) });

/** What is below a node of Maestro, as paths and results. */
function below(world: TestWorld, id: string): string[] {
  return world.maestro.database
    .children(id)
    .flatMap((node) => [`${node.path.slice(3).join('/')} ${node.result}`, ...below(world, node.id)])
    .toSorted();
}

async function reported({ sql }: Pair, node: string): Promise<void> {
  await until(`${node} is reported`, async () => {
    const [row] = await sql(`SELECT done FROM jobs WHERE node_id = '${node}'`);
    return row?.['done'] === 1 ? true : undefined;
  });
}

/** What is stored and what others have of a job, in the words of a test that fails. */
async function factsOf({ world, sql }: Pair, node: string): Promise<Record<string, unknown>> {
  const lines = `FROM timeline t JOIN jobs j ON j.id = t.job_id WHERE j.node_id = '${node}'`;
  const seconds = await sql(`SELECT 1 ${lines} AND code = 'second_job' AND kind = 'note'`);
  const { state, result } = world.maestro.database.get(node) ?? {};
  return {
    node: `${state} ${result}`,
    below: below(world, node),
    // But for those that are known to be second ones, and are cancelled.
    lavaJobs:
      world.lava.jobs().filter(({ definition }) => definition.job_name.includes(node)).length -
      seconds.length,
    repeated: await sql(`SELECT text ${lines} AND kind = 'stage' GROUP BY text HAVING count(*) > 1`),
    saidTwice: [...sentToKcidb(world)].filter(([, bodies]) => bodies.size > 1),
    open: await sql("SELECT destination, state FROM deliveries WHERE state <> 'done'"),
  };
}

describe.runIf('PostgreSQL' in PLACES)('a daemon that wakes after another has done its work', () => {
  it('does no harm, wherever it was stopped', { timeout: 1_800_000 }, async () => {
    const stops = await stopAt();
    const pair = await pairOfDaemons(
      // A callback to a daemon that is stopped holds LAVA up for no longer than a real one.
      { config: { report: { maestro: 'hierarchy' } }, lava: { callbackTimeoutMs: 5000 } },
      { quick: true, ...stops.child },
    );
    const { world, one, two, settled } = pair;
    await one.start();
    await two.start();
    await settled('both');
    const undisturbed = world.publish();
    await reported(pair, undisturbed);
    const facts = await factsOf(pair, undisturbed);

    for (const [where, place] of Object.entries(STOPS)) {
      const comes = await stops.arm(place);
      const node = world.publish();
      const sleeper = await comes([one, two]);
      const began = performance.now();
      await settled(sleeper === one ? two : one);
      await reported(pair, node);
      sleeper.signal('SIGCONT');
      await settled('both');
      await reported(pair, node);
      // What the sleeper still had to send or to store is through when later work is.
      await reported(pair, world.publish());
      process.stdout.write(`${where}: ${Math.round(performance.now() - began)} ms\n`);
      expect([where, await factsOf(pair, node)]).toEqual([where, facts]);
    }
  });
});
