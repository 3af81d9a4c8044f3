// Waits until LAVA itself says Finished, and stores the evidence: results and log from the callback if that can be
// believed and came whole, else fetched.
import { errorText, PermanentError } from '../../core/errors.ts';
import { SECOND, type Clock } from '../../core/time.ts';
import type { LavaJobInfo } from '../../lava/model.ts';
import type { CallbackRecord, EvidenceSource, JobRecord, Reason, Store } from '../../store/index.ts';
import { storeEvidence, type EvidencePorts } from '../evidence.ts';
import { lookAt, type FollowingPorts } from '../following.ts';
import type { CallbackWatch } from '../callback-watch.ts';
import type { Lab } from '../lab.ts';
import { labOf } from '../labs.ts';
import { callNext, type QueuePorts } from '../admission-queue.ts';
import { currentAttempt, type Outcome, type Stage } from '../model.ts';

/** What it uses. */
export type FinishedPorts = FollowingPorts &
  EvidencePorts &
  QueuePorts & {
    store: Pick<Store, 'attempts' | 'callbacks' | 'lavaJob' | 'record'>;
    callbackWatch: Pick<CallbackWatch, 'ended'>;
    now: Clock;
  };

export const finished: Stage<FinishedPorts> = { run };

/**
 * LAVA sends its callback before it commits (2023.01), so at that moment it still says Running. It commits within its
 * time-out for callbacks (5 s by default).
 */
const COMMIT_WITHIN = 15 * SECOND;
/** How often the evidence is asked for that LAVA refuses to give, before the job counts as lost. */
const REFUSALS = 8;

async function run(job: JobRecord, ports: FinishedPorts): Promise<Outcome> {
  const before = currentAttempt(await ports.store.attempts(job.id));
  if (before.evidence !== null) {
    const { health, device } = (await ports.store.lavaJob(job.id, before.n)) ?? {};
    return done(before.evidence, { health: health ?? 'Unknown', device });
  }
  const seen = await lookAt(job, ports);
  if (seen.kind !== 'alive') return seen.outcome;
  const { info, attempt } = seen;
  const callbacks = (await ports.store.callbacks(job.id)).filter((c) => c.lavaId === info.id);
  const final = callbacks.findLast((c) => c.state === 'Finished');
  const on = info.device === undefined ? '' : ` on ${info.device}`;

  if (info.state !== 'Finished') {
    const age = final === undefined ? Infinity : ports.now() - final.receivedAt;
    // As long again as it has been: soon at first, then ever later.
    const until = age < COMMIT_WITHIN ? ports.now() + Math.max(100, age) : seen.lookAgain;
    const reason: Reason = { code: 'in_lava', text: `LAVA job ${info.id} is ${info.state}${on}` };
    if (final === undefined || age < COMMIT_WITHIN) return { kind: 'wait', until, reason };
    // It said that the job had finished, and it had not: LAVA did not send that.
    const text = 'the callback came before the job’s end, so it is not believed';
    await ports.store.record(job.id, {
      dropCallbacks: true,
      entries: [{ kind: 'error', code: 'callback_early', text }],
    });
    return { kind: 'wait', until, reason };
  }
  try {
    const believed = await believedCallback(callbacks, labOf(ports, job.lab));
    const evidence = await storeEvidence(job, attempt, info, believed, ports);
    await callNext(job, ports);
    ports.callbackWatch.ended(job.lab, evidence.change.finishedAt ?? ports.now(), final !== undefined);
    // A fact, whatever changed the job meanwhile (an event of LAVA, a stream that is back): nothing is fetched twice.
    await ports.store.record(job.id, { attempts: new Map([[attempt.n, evidence.change]]) });
    return done(evidence.source, info);
  } catch (error) {
    if (!(error instanceof PermanentError) || job.tries < REFUSALS) throw error;
    const reason = `the results of LAVA job ${info.id} cannot be read: ${errorText(error)}`;
    return { kind: 'end', ending: { kind: 'lost', code: error.code, reason } };
  }
}

function done(source: EvidenceSource, { health, device }: Pick<LavaJobInfo, 'health' | 'device'>): Outcome {
  const on = device === undefined ? '' : ` on ${device}`;
  return { kind: 'done', note: `${health}${on}, evidence ${source}`, change: { dropCallbacks: true } };
}

/** The callback that counts as evidence. Of two that differ, one is not LAVA's, and neither counts. */
async function believedCallback(
  callbacks: readonly CallbackRecord[],
  lab: Lab,
): Promise<CallbackRecord | undefined> {
  const [final, other] = callbacks.filter((c) => c.state === 'Finished');
  if (final === undefined || other !== undefined || final.body.length === 0) return undefined;
  return (await lab.has('private callback token')) ? final : undefined;
}
