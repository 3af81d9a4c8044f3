// What a LAVA can do by its version: the one table that all code asks. The years and months are of the first release that
// has it, by LAVA's own history; `test/contract` tries them on real labs.

const SINCE = {
  /** The event stream takes a user and a token, and shows private things to those who may see them alone. */
  'users of the event stream': [2023, 2],
  /** `scheduler.jobs.show` has error_type and error_msg. */
  'error in show': [2023, 6],
  /** The token of a callback stands in its header alone; before, whoever may see a job can read it (commit 1cdb80ef8). */
  'private callback token': [2024, 5],
  /** `scheduler.remote_artifact_tokens` lists and makes the user's own. */
  'calls for remote artifact tokens': [2025, 6],
  /** A callback's token may be a remote artifact token, which opens nothing (commit e960f3604). */
  'remote artifact token in callbacks': [2026, 6],
  /** A definition may name the `device` or the `worker` that it is for; older ones refuse the keys. */
  'choice of device': [2026, 7],
  /** LAVA keeps a job's metadata, and its REST API finds jobs by it (commit e2a154e92). */
  'search by metadata': [2026, 10],
} as const satisfies Record<string, readonly [year: number, month: number]>;

/** Something that not every LAVA from 2023.01 on has. */
export type LavaFeature = keyof typeof SINCE;

/** Whether a LAVA of this version (`2023.01`, `2024.05.0012.g1cdb80ef8`) has it; odd versions have nothing. */
export function lavaHas(feature: LavaFeature, version: string): boolean {
  const [, year, month] = /^v?(\d{4})\.(\d{1,2})(?:\D|$)/.exec(version.trim()) ?? [];
  if (year === undefined || month === undefined) return false;
  const [sinceYear, sinceMonth] = SINCE[feature];
  return Number(year) > sinceYear || (Number(year) === sinceYear && Number(month) >= sinceMonth);
}

/** The first release that has it, for people: `2024.05`. */
export function lavaSince(feature: LavaFeature): string {
  const [year, month] = SINCE[feature];
  return `${year}.${String(month).padStart(2, '0')}`;
}
