// The order of the test files: those that start worlds and daemons first, as they take longest; what is short fills the end.
import { readFile } from 'node:fs/promises';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONG = [
  /support\/(child|mortal-world)\.ts/,
  /support\/world\.ts/,
  /support\/command\.ts|execFile|spawn\(/,
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = new Map<string, number>();
    for (const { moduleId } of files) {
      const text = await readFile(moduleId, 'utf8');
      const found = LONG.findIndex((words) => words.test(text));
      rank.set(moduleId, found < 0 ? LONG.length : found);
    }
    const of = ({ moduleId }: TestSpecification): number => rank.get(moduleId) ?? LONG.length;
    // What is known of earlier runs, or else the size, decides among those of one kind.
    return (await super.sort(files)).toSorted((a, b) => of(a) - of(b));
  }
}
