// One console line as the kernel printed it: level, time stamp, caller id, message.

export interface KernelLine {
  /** Whether it has a time stamp; in a log that has stamps, a line without one is not the kernel's. */
  stamped: boolean;
  /** The task or CPU that printed it, `T123` or `C0` (CONFIG_PRINTK_CALLER); tells interleaved reports apart. */
  caller: string | undefined;
  message: string;
}

/**
 * Takes `<6>[    1.234567][   T12] message` apart; each part but the message may be missing. The two spaces before a
 * line of a call trace stay: only the one that belongs to the stamp goes.
 */
export function kernelLine(text: string): KernelLine {
  const head = HEAD.exec(text);
  if (head === null) return { stamped: false, caller: undefined, message: text };
  return { stamped: true, caller: head[1], message: text.slice(head[0].length) };
}

// Bounded parts, each of its own characters: no backtracking to speak of.
const HEAD = /^(?:<\d{1,3}>)?\[ {0,12}\d{1,12}\.\d{1,9}\](?:\[ {0,8}([TC]\d{1,10})\])?(?: |$)/;
