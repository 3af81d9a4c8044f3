// What may be written to a terminal.

/** A text that may come from outside, as one line and without what a terminal obeys. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
}

/** As `printable`; line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.toWellFormed().replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, '?');
}
