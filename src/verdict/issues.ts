// Why a test is not PASS: an issue of the kernel, from the reports in its console, or of the harness or the tool, from
// what LAVA says. An issue is one thing wherever and however often it occurs, so nothing of one job may be in it.
import { createHash } from 'node:crypto';
import type { Finding } from '../kernel-log/model.ts';
import type { Crash } from './kernel-end.ts';
import type { Segment } from './segment.ts';
import type { Culprit, IssueVerdict } from './model.ts';
import type { Situation } from './situation.ts';

const KERNEL: Culprit = { code: true, tool: false, harness: false };
export const TOOL: Culprit = { code: false, tool: true, harness: false };
export const HARNESS: Culprit = { code: false, tool: false, harness: true };

// The most reports that become issues of one test; a kernel in a loop has thousands.
const MAX_KERNEL_ISSUES = 20;

/** The issues of the kernel's reports in these stretches of the console, each once; those of its end first. */
export function kernelIssues(
  testPath: string,
  segments: Segment[],
  crash: Crash | undefined,
): IssueVerdict[] {
  const ends = (f: Finding): boolean =>
    crash !== undefined && f.firstLine <= crash.line && crash.line <= f.lastLine;
  const findings = segments.flatMap((s) =>
    s.findings.filter((f) => f.issue && (ends(f) || !isProvoked(f, s))),
  );
  const distinct = new Map<string, Finding>();
  for (const f of findings)
    if (!distinct.has(`${f.by} ${f.signature}`)) distinct.set(`${f.by} ${f.signature}`, f);
  const ordered = [...distinct.values()].toSorted((a, b) => Number(ends(b)) - Number(ends(a)));
  // A report that the kernel survived does not say why it ended.
  const explained = crash === undefined || ordered.some((f) => ends(f) || f.class !== 'survived');
  const issues = ordered.slice(0, MAX_KERNEL_ISSUES).map((finding) => ({
    testPath,
    signature: finding.signature,
    culprit: KERNEL,
    comment: finding.summary,
    categories: finding.categories,
    misc: {},
    finding,
  }));
  return explained ? issues : [crashIssue(testPath, crash), ...issues];
}

/** A test provoked it (lkdtm) and says itself whether it passed. */
function isProvoked(finding: Finding, { provoked }: Segment): boolean {
  return provoked.some(([from, to]) => from <= finding.firstLine && finding.firstLine <= to);
}

/** A kernel that ended on a line of which no report could be read. */
function crashIssue(testPath: string, crash: Crash): IssueVerdict {
  const message = generalise(crash.text, []);
  return {
    testPath,
    signature: sha1({ error_type: 'lava-bridge.crash', message }),
    culprit: KERNEL,
    comment: message,
    categories: ['runtime.crash'],
    misc: { error_type: 'lava-bridge.crash', message },
    finding: undefined,
  };
}

/** The issue that LAVA's own word makes. `what` says what it is about where LAVA's error has no text. */
export function lavaIssue(
  testPath: string,
  culprit: Culprit | undefined,
  s: Situation,
  what: { type: string; message: string },
  deviceType: string | undefined,
): IssueVerdict {
  const message = generalise(what.message, [
    s.evidence.lava?.device,
    ...hostNames(s.evidence.lava?.definition),
  ]);
  const kind = culprit?.harness ? 'harness' : culprit?.tool ? 'tool' : 'unknown';
  const signed = {
    rules: 1,
    kind,
    error_type: what.type,
    error_class: s.evidence.console?.errorClass ?? '',
    message,
    device_type: deviceType ?? '',
  };
  return {
    testPath,
    signature: sha1(signed),
    culprit,
    comment: `${what.type === '' ? 'No error type' : what.type}: ${message === '' ? 'no message' : message}`,
    categories: [
      `${kind}.${what.type === '' ? 'unknown' : what.type.replace(/[^A-Za-z0-9_-]/g, '_').toLowerCase()}`,
    ],
    misc: signed,
    finding: undefined,
  };
}

const LONGEST_MESSAGE = 400;
/** What tore the signal apart, which the rest of the message says, is chance (LAVA 2026.10). */
const TORN_SIGNAL = /^(Malformed parameter for signal):.*/s;

/** A message without what is of one job, device, host or moment. */
export function generalise(message: string, names: readonly (string | undefined)[]): string {
  let text = message
    .slice(0, 8 * LONGEST_MESSAGE)
    .replace(TORN_SIGNAL, '$1')
    .replace(/[a-z][a-z0-9+.-]*:\/\/[^\s'"<>)\]]+/gi, '<url>');
  for (const name of names) {
    if (name !== undefined && name.length > 2) text = text.replaceAll(name, '<name>');
  }
  return text
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>')
    .replace(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, '<address>')
    .replace(/(?<![\w.])(?:\/[\w.@+-]+){2,}\/?/g, '<path>')
    .replace(/\b0x[0-9a-f]+\b/gi, '<n>')
    .replace(/\bg?(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '<id>')
    .replace(/\d+(?:[.:]\d+)*/g, '<n>')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LONGEST_MESSAGE);
}

/** The hosts that the job's own definition names: they come back in LAVA's messages. */
function hostNames(definition: string | undefined): string[] {
  const urls = definition?.match(/\bhttps?:\/\/[^\s'"/:@]+/g) ?? [];
  return [...new Set(urls.map((url) => url.replace(/^https?:\/\//, '')))];
}

function sha1(signed: Record<string, string | number>): string {
  const sorted = Object.fromEntries(Object.entries(signed).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha1').update(JSON.stringify(sorted)).digest('hex');
}
