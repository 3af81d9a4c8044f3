// The end of a double-quoted string, as JSON, YAML and LAVA's logs have it.

const BACKSLASH = 0x5c;

/** Where the double-quoted string that begins before `from` ends: the index of its closing quote, or -1. */
export function closingQuote(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote >= 0) {
    let slash = quote;
    while (slash > from && text.charCodeAt(slash - 1) === BACKSLASH) slash--;
    if ((quote - slash) % 2 === 0) return quote;
    quote = text.indexOf('"', quote + 1);
  }
  return -1;
}
