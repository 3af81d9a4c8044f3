// How far a lab's callbacks can be believed. LAVA before 2024.05 writes the token of a callback into the job's data, which
// whoever may see the job can read (LAVA commit 1cdb80ef8 ended that). There anybody could have sent one, so it only says
// that it is time to ask LAVA; what counts is fetched with our own token.

/** `evidence`: results and log may be taken from it. `hint`: LAVA is asked for both. */
export type CallbackTrust = 'evidence' | 'hint';

const TOKEN_IS_PRIVATE_SINCE = [2024, 5] as const;

/** What the callbacks of a LAVA of this version (`2023.01`, `2024.05.0012.g1cdb80ef8`) are worth; odd ones are hints. */
export function callbackTrust(version: string): CallbackTrust {
  const [, year, month] = /^v?(\d{4})\.(\d{1,2})(?:\D|$)/.exec(version.trim()) ?? [];
  if (year === undefined || month === undefined) return 'hint';
  const [sinceYear, sinceMonth] = TOKEN_IS_PRIVATE_SINCE;
  const isNewer = Number(year) > sinceYear || (Number(year) === sinceYear && Number(month) >= sinceMonth);
  return isNewer ? 'evidence' : 'hint';
}
