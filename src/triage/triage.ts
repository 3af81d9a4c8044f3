// The triage of a job's console for its verdict: the `target` lines one after the other, in constant memory and linear
// time, whatever they hold. Finds what Maestro's triage finds, with the same signatures, in every phase of the job
// (not only before the shell's prompt), and what our own rules know.
//
// Bounds: a report is looked at as far as two windows (1 Mi characters) after its first line; of one summary 20
// findings are kept, of one type 200; a report's text is cut at 64 Ki characters.
import { lowerBound } from './console-text.ts';
import { bootMarkEnd, PROMPT } from './logspec.ts';
import { maestroText } from './maestro-text.ts';
import type { Finding } from './model.ts';
import { OwnScanner, type OwnFinding } from './own.ts';
import { Quota } from './quota.ts';
import type { Report } from './reports.ts';
import { ReportScanner } from './scan.ts';
import { Signatures } from './signature.ts';

export interface Triage {
  /** The next `target` line's text as LAVA has it, and the number that findings shall name it by. */
  line: (text: string, number: number) => void;
  /** All findings, in the order of their first lines. Nothing may come after it. */
  end: () => Finding[];
}

const WINDOW = 512 * 1024;
const PIECE = 64 * 1024;
const MAX_TRACE = 5000;
const MAX_REPORT = 64 * 1024;

/** `window` in characters; tests make it small. */
export function createTriage({ window = WINDOW }: { window?: number } = {}): Triage {
  const known = new LogspecFindings(window);
  const own: OwnFinding[] = [];
  const scanner = new OwnScanner((found) => own.push(found));
  return {
    line: (text, number) => {
      const clean = maestroText(text);
      if (clean === '') return;
      for (const line of clean.includes('\n') ? clean.split('\n') : [clean]) {
        known.line(line, number);
        scanner.line(line, number);
      }
    },
    end: () => {
      scanner.end();
      const findings = known.end();
      return [...findings, ...besides(own, findings)].sort((a, b) => a.firstLine - b.firstLine);
    },
  };
}

/**
 * Our own findings beside logspec's: no crash gets two issues. What logspec has told is not told again; where we
 * know more of it, that stands beside, but makes no issue.
 */
function besides(own: readonly OwnFinding[], findings: readonly Finding[]): Finding[] {
  const issues = findings.filter((finding) => finding.issue).sort((a, b) => a.firstLine - b.firstLine);
  const starts = issues.map((finding) => finding.firstLine);
  let furthest = -Infinity;
  const reach = issues.map((finding) => (furthest = Math.max(furthest, finding.lastLine)));
  return own.flatMap(({ finding, role }) => {
    const last = lowerBound(starts, finding.firstLine + 1) - 1;
    if (last < 0 || (reach[last] ?? -1) < finding.firstLine) return [finding];
    return role === 'detail' ? [{ ...finding, issue: false }] : [];
  });
}

/** logspec's rules over the stream of lines. */
class LogspecFindings {
  readonly #scanner: ReportScanner;
  readonly #quota = new Quota();
  readonly #findings: Finding[] = [];
  readonly #signatures = new Signatures();
  #piece = '';
  /** Where the lines begin that the scanner still has, counted from the begin of the text, and their numbers. */
  #starts: number[] = [];
  #numbers: number[] = [];
  #length = 0;
  #released = 0;
  #phase: 'boot' | 'kernel' | 'prompt' = 'boot';

  constructor(window: number) {
    this.#scanner = new ReportScanner(window, MAX_TRACE, (report, start, text) =>
      this.#report(report, start, text),
    );
  }

  line(text: string, number: number): void {
    this.#starts.push(this.#length);
    this.#numbers.push(number);
    this.#length += text.length + 1;
    if (this.#phase === 'boot' && bootMarkEnd(text) !== undefined) this.#phase = 'kernel';
    const prompt = this.#phase === 'kernel' ? text.indexOf(PROMPT) : -1;
    if (prompt >= 0) this.#reachPrompt(text.slice(0, prompt));
    this.#piece += `${prompt < 0 ? text : text.slice(prompt)}\n`;
    if (this.#piece.length >= PIECE) this.#push();
  }

  end(): Finding[] {
    this.#push();
    this.#scanner.end();
    return this.#findings;
  }

  // For Maestro's triage of a boot the log ends here, so the reports of the boot do too.
  #reachPrompt(before: string): void {
    this.#phase = 'prompt';
    this.#piece += before;
    this.#push();
    this.#scanner.limit();
  }

  #push(): void {
    const released = this.#scanner.push(this.#piece);
    this.#piece = '';
    if (released === 0) return;
    this.#released += released;
    const gone = lowerBound(this.#starts, this.#released + 1) - 1;
    this.#starts = this.#starts.slice(gone);
    this.#numbers = this.#numbers.slice(gone);
  }

  #report(report: Report, start: number, text: string): void {
    if (!this.#quota.admits(report.errorType, report.summary)) return;
    const signature = this.#signatures.of(report.signatureFields);
    const lineOf = (at: number): number =>
      this.#numbers[lowerBound(this.#starts, this.#released + at + 1) - 1] ?? 0;
    this.#findings.push(
      toFinding(report, text, signature, lineOf(start), lineOf(Math.max(start, report.end - 1))),
    );
  }
}

function toFinding(
  report: Report,
  text: string,
  signature: string,
  firstLine: number,
  lastLine: number,
): Finding {
  const notEmpty = ([, value]: [string, unknown]): boolean => value !== '' && value !== null;
  // A copy: strings cut from the window would keep all of it in memory.
  return structuredClone({
    by: 'logspec',
    errorType: report.errorType,
    summary: report.summary,
    signature,
    report: text.slice(report.reportFrom, Math.min(report.reportTo, report.reportFrom + MAX_REPORT)),
    firstLine,
    lastLine,
    issue: report.errorType !== 'linux.kernel.error_return_code',
    fields: Object.fromEntries(
      Object.entries({
        error_type: report.errorType,
        error_summary: report.summary,
        ...report.fields,
      }).filter(notEmpty),
    ),
    signatureFields: Object.fromEntries(Object.entries(report.signatureFields).filter(notEmpty)),
    categories: [`runtime.${report.errorType.replace(/^linux\.kernel\.?/, '') || 'report'}`],
  });
}
