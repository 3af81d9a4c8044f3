// What a test, or a file of tests, has started is stopped when it ends, the last first. hooks.ts sees to it.

type CleanUp = () => Promise<void>;

const ofTest: CleanUp[] = [];
const ofFile: CleanUp[] = [];

/** Something to be done when the test ends, before what was started earlier is stopped. */
export function atEnd(cleanUp: CleanUp): void {
  ofTest.push(cleanUp);
}

/** The same when all tests of the file have ended. */
export function atEndOfFile(cleanUp: CleanUp): void {
  ofFile.push(cleanUp);
}

/** Does what was left to be done for the test. Throws if any of it fails, after all of it was tried. */
export function endTest(): Promise<void> {
  return end(ofTest);
}

/** The same for the file. */
export function endFile(): Promise<void> {
  return end(ofFile);
}

async function end(cleanUps: CleanUp[]): Promise<void> {
  const failed: unknown[] = [];
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp().catch((error) => failed.push(error));
  if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join('; '));
}
