// What is wrong with files that an admin writes, in short: tests go by place, code and key, not by the words.
import { ConfigError, type Problem } from '../../src/core/errors.ts';

/** The problems that the work ends with; none if it does not fail. */
export async function problemsOf(work: () => unknown): Promise<readonly Problem[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** `a.yaml:4:1 unknown_key dbt` for each, with the file's path below the folder. */
export function inShort(problems: readonly Problem[], folder: string): string[] {
  return problems.map(({ code, file, line, column, key }) => {
    const place = [file.replace(`${folder}/`, ''), line, column]
      .filter((part) => part !== undefined)
      .join(':');
    return [place, code, key].filter((part) => part !== undefined).join(' ');
  });
}
