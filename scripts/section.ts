// Puts text that is made from the program's own tables into a document that people write.

/** The line that begins such a part of a document, and the one that ends it. */
export interface Marks {
  begin: string;
  end: string;
}

/** `page` with this between the marks. Throws if it has no place for it. */
export function withSection(page: string, { begin, end }: Marks, text: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no place for what follows ${begin}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}
