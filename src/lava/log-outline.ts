// What a reader of a log wants to find first: its sections with their durations, and the cases that failed. Read line by
// line, in bounded memory, before the log is written as a page.
import type { LogLine } from './model.ts';

/** A place in the log. */
export interface LogMark {
  /** The number of its line in LAVA's log, from 0. */
  line: number;
  label: string;
}

/** A part of the run: an action of LAVA's, or a test definition. */
interface LogSection extends LogMark {
  /** 0: LAVA's own large steps (deploy, boot, test); 1: what is below those. */
  depth: number;
  /** Milliseconds; undefined: it did not end, or its lines have no time. */
  ms: number | undefined;
}

/** The parts of a log: its actions with their lines and durations. */
export interface LogOutline {
  /** Lines of the log. */
  lines: number;
  sections: LogSection[];
  /** Cases that failed, where LAVA noted their results. */
  failed: LogMark[];
  /** Cases by their result. */
  results: ReadonlyMap<string, number>;
}

/** Sections that are listed, and failed cases. */
const MOST_SECTIONS = 300;
const MOST_FAILED = 5000;
const MOST_RESULTS = 20;

const ACTION = /^(start|end): (\d+(?:\.\d+)?) (\S{1,100})/;
const DEFINITION = /^Received signal: <(START|END)RUN> (\S{1,200})/;

/** Collects the outline of a log while its lines pass. */
export function outlineReader(): { line: (line: LogLine) => void; end: () => LogOutline } {
  const sections: LogSection[] = [];
  const open = new Map<string, { section: LogSection; at: number | undefined }>();
  const failed: LogMark[] = [];
  const results = new Map<string, number>();
  let number = 0;

  function step(
    key: string,
    begins: boolean,
    { label, depth }: { label: string; depth: number },
    line: LogLine,
  ): void {
    if (begins) {
      if (sections.length >= MOST_SECTIONS) return;
      const section: LogSection = { line: number, label, depth, ms: undefined };
      sections.push(section);
      open.set(key, { section, at: line.at });
      return;
    }
    const begun = open.get(key);
    open.delete(key);
    if (begun?.at !== undefined && line.at !== undefined) begun.section.ms = Math.max(0, line.at - begun.at);
  }

  return {
    line(line) {
      const result = resultOf(line);
      if (result !== undefined) {
        const known = results.get(result.result);
        if (known !== undefined || results.size < MOST_RESULTS) results.set(result.result, (known ?? 0) + 1);
        if (result.result === 'fail' && failed.length < MOST_FAILED)
          failed.push({ line: number, label: `${result.suite}.${result.name}` });
      } else if (OWN_LEVELS.has(line.level) && line.text !== undefined) {
        const [, word, count = '', name = ''] = ACTION.exec(line.text) ?? [];
        const [, signal, definition = ''] = DEFINITION.exec(line.text) ?? [];
        if (word !== undefined)
          step(count, word === 'start', { label: name, depth: count.includes('.') ? 1 : 0 }, line);
        else if (signal !== undefined)
          step(` ${definition}`, signal === 'START', { label: definition, depth: 1 }, line);
      }
      number++;
    },
    end: () => ({ lines: number, sections, failed, results }),
  };
}

/** Levels of LAVA's own lines that tell of its steps; the board cannot write them. */
const OWN_LEVELS = new Set(['info', 'debug']);

/** The result that a line is, if it is one. */
export function resultOf(line: LogLine): { suite: string; name: string; result: string } | undefined {
  if (line.level !== 'results' || typeof line.value !== 'object' || line.value === null) return undefined;
  const { definition, case: name, result }: Record<string, unknown> = { ...line.value };
  if (typeof definition !== 'string' || typeof name !== 'string' || typeof result !== 'string')
    return undefined;
  return { suite: definition, name, result };
}
