// How the newest LAVA differs from that of Debian 12, as far as a client can see it. Each line was seen on a real lab of both
// kinds: test/contract runs against them and against the simulator of either age. What the bridge asks by version, too, is in
// src/lava/features.ts.
import { lavaHas } from '../../lava/features.ts';

export const LAVA_AGES = ['2023.01', 'newest'] as const;
/** A LAVA 2023.01, as Debian 12 has it, or the newest one that is known here. */
export type LavaAge = (typeof LAVA_AGES)[number];

export interface AgeFacts {
  /** What `system.version` says. */
  version: string;
  /** Whether a callback's body carries its token (until 2024.03). */
  tokenInBody: boolean;
  /** Whether a callback's body names the submitter's mail address and health checks (2025.02). */
  submitterInBody: boolean;
  /**
   * Whether a callback knows when the job began or ended, which is only just being saved (2023.06). A job that ended in the
   * queue began when it ended.
   */
  callbackKnowsTimes: boolean;
  /** Whether callbacks carry the definition's metadata (2026.10), and their definition keeps the order of its keys. */
  callbackKnowsMetadata: boolean;
  /** Whether a callback's token may be a remote artifact token, which opens nothing in LAVA (2026.06). */
  remoteArtifactTokens: boolean;
  /** Whether `scheduler.remote_artifact_tokens` is there (2025.06). */
  artifactTokenCalls: boolean;
  /** Whether the event stream knows its users, and shows them what they may see (2023.02). */
  eventsKnowUsers: boolean;
  /** Whether a definition may name the device that it is for (2026.07). */
  choiceOfDevice: boolean;
  /** Whether a device that is retired has its job cancelled; 2023.01 fails in the attempt (`with transaction.atomic`). */
  retiringCancels: boolean;
  /** Whether `scheduler.jobs.show` has error_type and error_msg (2023.06). */
  showsError: boolean;
  /** Whether job metadata may be anything; else only strings and numbers. */
  anyMetadata: boolean;
  /** What a submission with an unknown context variable is refused with. */
  unknownContext: string;
  /** The fault of `scheduler.jobs.validate` for YAML that is none (2026.07). */
  badYamlFault: { code: number; text: string };
  /** Whether log and event times have a zone (2026.05). */
  timesHaveZone: boolean;
  /** Whether mappings keep the order of their keys in logs and exports; else it is alphabetical. */
  keepsKeyOrder: boolean;
  /** Whether a backslash stands before every quote of a console line (until 2023.10). */
  escapesQuotes: boolean;
  /** How many decimals a measurement has; undefined: the exact value of the binary number. */
  measurementDecimals: number | undefined;
  /** Whether `expected:` cases are known: a missing one is stored as `fail`, one that came unasked is forced to `fail`. */
  expectedCases: boolean;
  /** Whether a test case's signal that something tore apart ends the job (2026.07). */
  brokenSignalEndsJob: boolean;
}

type ByFeature = Pick<
  AgeFacts,
  | 'version'
  | 'tokenInBody'
  | 'callbackKnowsMetadata'
  | 'remoteArtifactTokens'
  | 'artifactTokenCalls'
  | 'eventsKnowUsers'
  | 'showsError'
  | 'choiceOfDevice'
>;

function byFeature(version: string): ByFeature {
  return {
    version,
    tokenInBody: !lavaHas('private callback token', version),
    callbackKnowsMetadata: lavaHas('search by metadata', version),
    remoteArtifactTokens: lavaHas('remote artifact token in callbacks', version),
    artifactTokenCalls: lavaHas('calls for remote artifact tokens', version),
    eventsKnowUsers: lavaHas('users of the event stream', version),
    showsError: lavaHas('error in show', version),
    choiceOfDevice: lavaHas('choice of device', version),
  };
}

export const AGES: Readonly<Record<LavaAge, AgeFacts>> = {
  '2023.01': {
    ...byFeature('2023.01'),
    submitterInBody: false,
    callbackKnowsTimes: false,
    retiringCancels: false,
    anyMetadata: false,
    unknownContext: 'extra keys not allowed',
    badYamlFault: {
      code: -32603,
      text: 'Internal Server Error (contact server administrator for details): ',
    },
    timesHaveZone: false,
    keepsKeyOrder: false,
    escapesQuotes: true,
    measurementDecimals: undefined,
    expectedCases: false,
    brokenSignalEndsJob: false,
  },
  newest: {
    ...byFeature('2026.10'),
    submitterInBody: true,
    callbackKnowsTimes: true,
    retiringCancels: true,
    anyMetadata: true,
    unknownContext: 'value must be one of [',
    badYamlFault: { code: 400, text: 'Invalid job definition: ' },
    timesHaveZone: true,
    keepsKeyOrder: true,
    escapesQuotes: false,
    measurementDecimals: 10,
    expectedCases: true,
    brokenSignalEndsJob: true,
  },
};

/** The age that a version belongs to; all between are taken for the newest. */
export function ageOf(version: string): LavaAge {
  return version.startsWith('2023.01') ? '2023.01' : 'newest';
}
