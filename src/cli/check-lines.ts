// What `lava-bridge check` prints: a line for each thing that was looked at, and how a look becomes lines.
import { ConfigError, errorText, formatProblem, type Problem } from '../core/errors.ts';
import { resolveSecret, type SecretSource } from '../config/secrets.ts';

/** One thing that was looked at. `warning`: it works, and the admin should know. */
export interface Line {
  what: string;
  state: 'ok' | 'warning' | 'failed';
  text: string;
}

export type Add = (line: Line) => void;

/** Runs one look; a thrown error becomes a failed line (a ConfigError one for each problem). */
export async function attempt<T>(
  what: string,
  look: () => Promise<T>,
  text: (value: T) => string,
  add: Add,
): Promise<T | undefined> {
  try {
    const value = await look();
    add({ what, state: 'ok', text: text(value) });
    return value;
  } catch (error) {
    const problems: (Problem | undefined)[] =
      error instanceof ConfigError ? [...error.problems] : [undefined];
    for (const problem of problems) {
      add({ what, state: 'failed', text: problem ? formatProblem(problem) : errorText(error) });
    }
    return undefined;
  }
}

/** The text of a secret; undefined if it cannot be read, which is a line of its own. */
export function known(source: SecretSource): string | undefined {
  try {
    return resolveSecret(source);
  } catch {
    return undefined;
  }
}

export async function collect(work: (add: Add) => Promise<void>): Promise<Line[]> {
  const lines: Line[] = [];
  await work((line) => lines.push(line));
  return lines;
}
