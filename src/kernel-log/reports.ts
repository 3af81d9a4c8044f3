// The six kinds of error reports that logspec (Maestro's triage) knows, read from a console text by its rules, quirks
// included: Maestro's issue ids are made of what these parsers find. Each gets the index of the text, the place of
// the report's start marker and the end of the text to look at; it answers with the report, or undefined where
// logspec finds the report unreadable.
import type { SignatureValue } from './signature.ts';
import type { ConsoleIndex, StartMark } from './console-index.ts';
import {
  callTrace,
  findBanner,
  hardwareName,
  moduleList,
  plainLine,
  stampedRunEnd,
  traceLines,
} from './report-parts.ts';

/** A report, before it has a signature. All offsets are those of the indexed text. */
export interface Report {
  errorType: string;
  summary: string;
  /** The public fields next to error_type and error_summary. */
  fields: Record<string, string | string[] | null>;
  /** What makes the signature. */
  signatureFields: Record<string, SignatureValue>;
  /** The report's text: from here to `reportTo` (equal: it has none). */
  reportFrom: number;
  reportTo: number;
  /** Where the search goes on. */
  end: number;
}

/** Whether logspec found where the report ends: else it has no text, and may reach over what is not its own. */
export function hasEnd(report: Report): boolean {
  return report.reportTo > report.reportFrom;
}

/** How many lines reports without end marker may still collect: the call trace of each is everything that follows. */
export interface TraceBudget {
  left: number;
}

type Parser = (index: ConsoleIndex, start: number, to: number, budget: TraceBudget) => Report | undefined;

/** Parses the report whose start marker of `kind` begins at `start`, looking no further than `to`. */
export function parseReport(
  kind: StartMark,
  index: ConsoleIndex,
  start: number,
  to: number,
  budget: TraceBudget,
): Report | undefined {
  return PARSERS[kind](index, start, to, budget);
}

const PARSERS: Readonly<Record<StartMark, Parser>> = {
  null_pointer: parseNullPointer,
  bug: parseBug,
  ubsan: parseUbsan,
  kernel_panic: parsePanic,
  error_return_code: parseErrorReturnCode,
  generic: parseGeneric,
};

function parseGeneric(index: ConsoleIndex, start: number, to: number): Report | undefined {
  const lineEnd = index.lineEnd(start, to);
  const from = lineEnd < to ? lineEnd + 1 : start;
  const end = index.next('end_trace', from, to)?.start;
  if (end === undefined) return undefined;
  const banner = findBanner(index, from, end);
  const type = banner === undefined ? 'linux.kernel' : `linux.kernel.${banner.word.toLowerCase()}`;
  const summary = banner === undefined ? '' : `${banner.word} at ${banner.location}`;
  let at = banner?.end ?? from;
  const modules = moduleList(index, at, end, true);
  at = modules?.end ?? at;
  const hardware = hardwareName(index, at, end);
  at = hardware?.end ?? at;
  const location = banner?.location ?? null;
  return {
    errorType: type,
    summary,
    fields: {
      hardware: hardware?.value ?? null,
      location,
      call_trace: callTrace(index, at, end),
      modules: modules?.value ?? [],
    },
    signatureFields: { error_type: type, error_summary: summary, location: location ?? '' },
    reportFrom: from,
    reportTo: end,
    end,
  };
}

function parseErrorReturnCode(index: ConsoleIndex, start: number, to: number): Report | undefined {
  const mark = index.next('error_return_code', start, to);
  if (mark === undefined) return undefined;
  const lineEnd = index.lineEnd(start, to);
  const own = index.lastErrorEnd(mark.body, lineEnd);
  const line = own === undefined ? index.nextErrorLine(lineEnd, to) : { start, body: mark.body, hit: own };
  if (line === undefined) return undefined;
  const summary = index.text.slice(line.body, line.hit);
  const type = 'linux.kernel.error_return_code';
  return {
    errorType: type,
    summary,
    fields: {},
    signatureFields: { error_type: type, error_summary: summary },
    reportFrom: start,
    reportTo: line.hit,
    end: line.hit,
  };
}

function parseNullPointer(index: ConsoleIndex, start: number, to: number): Report | undefined {
  const end = index.next('end_trace_three', start, to)?.start;
  if (end === undefined) return undefined;
  const text = index.text;
  let at = start;
  let address: string | null = null;
  const found = text.slice(start, end).indexOf(AT_ADDRESS);
  if (found >= 0) {
    at = index.lineEnd(start + found, end);
    address = text.slice(start + found + AT_ADDRESS.length, at);
  }
  const hardware = hardwareName(index, at, end);
  // As logspec has it: the offset of the match within what was left, taken as an offset in the whole report.
  if (hardware !== undefined) at = start + (hardware.end - at);
  const type = 'linux.kernel.null_pointer_dereference';
  const summary = `NULL pointer dereference${address === null ? '' : ` at virtual address ${address}`}`;
  const trace = callTrace(index, at, end);
  return {
    errorType: type,
    summary,
    fields: { hardware: hardware?.value ?? null, address, call_trace: trace },
    signatureFields: { error_type: type, error_summary: summary, address: address ?? '', call_trace: trace },
    reportFrom: start,
    reportTo: end,
    end,
  };
}

const AT_ADDRESS = 'at virtual address ';

function parseBug(index: ConsoleIndex, start: number, to: number, budget: TraceBudget): Report | undefined {
  const marked = index.next('end_trace_three', start, to)?.start;
  const end = marked ?? to;
  const message = bugMessage(index, start, end);
  let at = message?.end ?? start;
  const hardware = hardwareName(index, at, end);
  at = hardware?.end ?? at;
  const modules = moduleList(index, at, end, false);
  at = modules?.end ?? at;
  if (marked === undefined && at === start) return undefined;
  const limit = marked === undefined ? budget.left : Infinity;
  const before = modules === undefined ? undefined : index.next('call_trace', start, modules.start);
  const after = before ?? index.next('call_trace', at, end);
  const traceEnd = before === undefined ? end : (modules?.start ?? end);
  const trace = after === undefined ? [] : traceLines(index, after.body, traceEnd, { strict: true, limit });
  if (marked === undefined) budget.left -= trace.length;
  const type = 'linux.kernel.bug';
  const summary = message?.summary ?? '';
  return {
    errorType: type,
    summary,
    fields: {
      hardware: hardware?.value ?? null,
      call_trace: trace,
      ...(message?.location === undefined ? {} : { location: message.location }),
      ...(modules === undefined ? {} : { modules: modules.value }),
    },
    signatureFields: { error_type: type, error_summary: summary },
    reportFrom: start,
    reportTo: marked ?? start,
    end: marked ?? at,
  };
}

/** Parts of a message that vary from run to run and do not define the bug. */
const BARE_BUGS = ['spinlock bad magic', 'scheduling while atomic', 'workqueue lockup'];

function bugMessage(
  index: ConsoleIndex,
  from: number,
  to: number,
): { summary: string; location: string | undefined; end: number } | undefined {
  const text = index.text;
  const place = index.next('bug_at', from, to);
  if (place !== undefined) {
    const bang = text.slice(place.body, index.lineEnd(place.body, to)).lastIndexOf('!');
    const location = text.slice(place.body, place.body + bang);
    return { summary: `kernel BUG at ${location}`, location, end: place.body + bang + 1 };
  }
  const bug = index.next('bug_message', from, to);
  if (bug === undefined) return undefined;
  const end = index.lineEnd(bug.body, to);
  const message = text.slice(bug.body, end);
  const at = message.indexOf(' at ');
  if (at >= 0) return { summary: message, location: message.slice(at + 4), end };
  return { summary: BARE_BUGS.find((bare) => message.includes(bare)) ?? message, location: undefined, end };
}

function parsePanic(index: ConsoleIndex, start: number, to: number): Report | undefined {
  const end = index.next('end_panic', start, to)?.start ?? stampedRunEnd(index, start, to);
  const message = index.next('panic_message', start, end);
  let at = start;
  let summary = '';
  if (message !== undefined) {
    at = index.lineEnd(message.body, end);
    summary = index.text.slice(message.body, at);
  }
  const hardware = hardwareName(index, at, end);
  at = hardware?.end ?? at;
  const type = 'linux.kernel.panic';
  return {
    errorType: type,
    summary,
    fields: { hardware: hardware?.value ?? null, call_trace: callTrace(index, at, end) },
    signatureFields: { error_type: type, error_summary: summary },
    reportFrom: start,
    reportTo: end,
    end,
  };
}

function parseUbsan(index: ConsoleIndex, start: number, to: number): Report | undefined {
  const end = index.nextPlainEnd(start, to);
  if (end === undefined) return undefined;
  const text = index.text;
  let at = start;
  let summary = '';
  let location: string | null = null;
  const message = index.next('ubsan_message', start, end);
  if (message !== undefined) {
    at = index.lineEnd(message.hit, end);
    summary = text.slice(message.body, message.hit - ' in '.length);
    location = text.slice(message.hit, at);
  }
  const details = plainLine(index, at + 1, end);
  if (details !== undefined) {
    at = details.end;
    summary += `: ${details.value}`;
  } else at += 1;
  const hardware = hardwareName(index, at, end);
  const type = 'linux.kernel.ubsan';
  return {
    errorType: type,
    summary,
    fields: { location, hardware: hardware?.value ?? null },
    signatureFields: { error_type: type, error_summary: summary, location: location ?? '' },
    reportFrom: start,
    reportTo: end,
    end,
  };
}
