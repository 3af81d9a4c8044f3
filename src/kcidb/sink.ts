// The interface through which reports leave for KCIDB, by any transport.

/** Where a submission stands at the REST service: only `processed` means that its objects are in KCIDB. */
export type SubmissionState = 'inprogress' | 'ready' | 'processed' | 'failed' | 'notfound';

/** What takes reports. A report may be sent again after an unknown outcome: KCIDB keeps the first value it got. */
export interface KcidbSink {
  /**
   * Hands one report over; gives the id under which it can be asked for, where the way has one.
   * Throws TemporaryError for what may pass and PermanentError for what won't: `kcidb_auth` (nothing else will be
   * taken either), `kcidb_refused` (this report), `too_large` (this report as one piece).
   */
  submit: (report: object) => Promise<{ id?: string }>;
  /** Says for people where reports go, if they would be taken as far as can be known without one; throws if not. */
  check: () => Promise<string>;
  /** Where a submission stands; only the REST service knows. */
  status?: (id: string) => Promise<SubmissionState>;
}
