// What the table of kernel reports says of each.
import type { Header } from './report-headers.ts';

/**
 * `final`: the kernel has ended. `deadly`: it may go on without the task that did it, and mostly does not. `hang`: a CPU
 * or a task does not go on; whether the kernel does, what follows shows. `survived`: the kernel goes on.
 */
export type ReportClass = 'final' | 'deadly' | 'hang' | 'survived';

export interface KernelReport {
  /** All begin with `own.`, so that no id of ours is taken for one of Maestro's. */
  type: string;
  class: ReportClass;
  /** Of KCIDB's issue: `runtime.panic`, … */
  category: string;
  /**
   * `backup`: for what logspec knows too, or what is a part of such a report: used only where logspec found nothing.
   * `detail`: says more than logspec's bare BUG, and is reported in addition.
   */
  role: 'backup' | 'detail';
  /** It may be a further line of another crash (`Internal error` after `Unable to handle`). */
  follows: boolean;
  /** A further line of a report of its class, never the first: it shows no issue of its own. */
  partOnly: boolean;
  /** It is printed before the kernel's first time stamp. */
  early: boolean;
  /** It is one line. */
  single: boolean;
  /** What a message has to begin with, one of them; an empty list: anything. */
  begins: readonly string[];
  /** `message` begins so, and has at most MAX_HEADER characters. */
  read: (message: string) => Header | undefined;
}
