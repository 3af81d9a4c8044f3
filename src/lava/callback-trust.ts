// How far a lab's callbacks can be believed. LAVA before 2024.05 writes the token of a callback into the job's data, which
// whoever may see the job can read (LAVA commit 1cdb80ef8 ended that). There anybody could have sent one, so it only says
// that it is time to ask LAVA; what counts is fetched with our own token.

/** `evidence`: results and log may be taken from it. `hint`: LAVA is asked for both. */
export type CallbackTrust = 'evidence' | 'hint';

const TOKEN_IS_PRIVATE_SINCE = [2024, 5] as const;
/** LAVA commit e960f3604: a callback's token may be a remote artifact token, which opens nothing. */
const REMOTE_ARTIFACT_TOKEN_SINCE = [2026, 6] as const;

/** What the callbacks of a LAVA of this version (`2023.01`, `2024.05.0012.g1cdb80ef8`) are worth; odd ones are hints. */
export function callbackTrust(version: string): CallbackTrust {
  return isSince(version, TOKEN_IS_PRIVATE_SINCE) ? 'evidence' : 'hint';
}

/** Whether callbacks of a LAVA of this version may carry a remote artifact token; odd ones may not. */
export function takesRemoteArtifactToken(version: string): boolean {
  return isSince(version, REMOTE_ARTIFACT_TOKEN_SINCE);
}

function isSince(version: string, [sinceYear, sinceMonth]: readonly [number, number]): boolean {
  const [, year, month] = /^v?(\d{4})\.(\d{1,2})(?:\D|$)/.exec(version.trim()) ?? [];
  if (year === undefined || month === undefined) return false;
  return Number(year) > sinceYear || (Number(year) === sinceYear && Number(month) >= sinceMonth);
}
