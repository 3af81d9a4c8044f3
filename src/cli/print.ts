// How commands print: text, JSON, tables. Loads nothing else, for the commands that need no configuration.
import { styleText } from 'node:util';
import { Option } from 'commander';
import { printable } from '../core/printable.ts';

/** `--json`. */
export function jsonOption(): Option {
  return new Option('--json', 'for programs: JSON on standard output');
}

/** A table of text, the columns as wide as they need to be; cut at the terminal's width. */
export function table(head: readonly string[], texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(printable));
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const width = process.stdout.isTTY ? process.stdout.columns : Infinity;
  const cut = (text: string): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
  return [bold(cut(line(head))), ...rows.map((row) => cut(line(row)))].join('\n');
}

/** For terminals only; scripts get plain text. */
export function bold(text: string): string {
  return process.stdout.isTTY ? styleText('bold', text) : text;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
