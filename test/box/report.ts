// What is seen in the box, a line each, and how many of them were as they should be.

let [passed, failed] = [0, 0];

/** One thing to see; what comes after it goes on without it. A text that it gives is shown. */
export async function check(what: string, look: () => Promise<unknown>): Promise<void> {
  const at = Date.now();
  try {
    const said = await look();
    passed += 1;
    process.stdout.write(
      `ok      ${what} (${((Date.now() - at) / 1000).toFixed(1)} s)${typeof said === 'string' && said !== '' ? `: ${said}` : ''}\n`,
    );
  } catch (error) {
    failed += 1;
    // What apt says of its progress is of no use.
    const text = String(error).replaceAll(/\(Reading database[^)]*\)?|\r/g, '');
    process.stdout.write(`FAILED  ${what}\n${text.replaceAll(/^/gm, '        ')}\n`);
  }
}

/** Throws if it is not so. */
export function expect(fact: boolean, otherwise: string): void {
  if (!fact) throw new Error(otherwise);
}

/** Writes the closing line, and gives the exit code. */
export function close(): number {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
