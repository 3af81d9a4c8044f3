// Who reports a run to KCIDB: the bridge, or Maestro.
import type { BridgeConfig } from '../config/schema.ts';
import type { JobRequest } from '../maestro/request.ts';

/** `ours`: the bridge does. `maestros`: Maestro does, if it reports the run at all. */
export type KcidbReporter = { kind: 'ours' } | { kind: 'maestros'; why: string };

/**
 * A node that a user made in Maestro (its submitter is not Maestro's own service) tests a build that KCIDB never gets:
 * its results are for that user, in Maestro.
 */
export function kcidbReporter({ node, kbuild }: JobRequest, { report }: BridgeConfig): KcidbReporter {
  if (report.kcidb === 'off') return { kind: 'maestros', why: 'report.kcidb is off' };
  const submitter = [node.submitter, kbuild?.submitter].find(
    (one) => typeof one === 'string' && one !== '' && !report.submitters.includes(one),
  );
  if (submitter === undefined || report.submitters.includes('*')) return { kind: 'ours' };
  return {
    kind: 'maestros',
    why: `submitted by ${JSON.stringify(submitter)}, who is not among report.submitters; Maestro alone gets the results`,
  };
}
