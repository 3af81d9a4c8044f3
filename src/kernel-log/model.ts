// What triage finds in a kernel's console.

import type { ReportClass } from './kernel-report.ts';

/** One error report in a console. */
export interface Finding {
  /** `logspec`: by a rule that Maestro has too (same signature there). `own`: by a rule of ours. */
  by: 'logspec' | 'own';
  /** How grave it is (report-table.ts). */
  class: ReportClass;
  /** `linux.kernel.panic`, `linux.kernel.bug`, … */
  errorType: string;
  summary: string;
  /** 40 hex digits, the same for the same error everywhere. */
  signature: string;
  /** The report's text, as it stands in the console. */
  report: string;
  /** The first and last line of the report, in the numbers that the caller gave the lines. */
  firstLine: number;
  lastLine: number;
  /**
   * Whether an issue is to be made of it. Not of return-code lines, as Maestro; and not of a finding of our own that
   * says more of a report that logspec found too: one crash, one issue.
   */
  issue: boolean;
  /** All public fields of the report, under the names of the rule that found it (hardware, call_trace, …). */
  fields: Record<string, unknown>;
  /** The fields that make the signature. */
  signatureFields: Record<string, unknown>;
  /** `runtime.panic`, `runtime.bug`, … (KCIDB issue categories). */
  categories: string[];
}
