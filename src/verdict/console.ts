// What a job's log shows, read once, line by line, in constant memory.

/** The facts that verdicts are made of. */
export interface ConsoleFacts {
  /** How many lines LAVA's log has. */
  lines: number;
}
