// LAVA's test results, from the YAML text of a callback's suites or of `results.get_testjob_results_yaml`
// (LAVA 2023.01 and 2026.07, lava_results_app/utils.py: every scalar is exported as text).
import { oneLine } from '../core/answer-text.ts';
import { errorText, PermanentError } from '../core/errors.ts';
import { ParseError } from '../core/parse/limits.ts';
import { parseTime } from '../core/time.ts';
import { CASE_RESULTS, type CaseResult, type LavaCase } from './model.ts';
import { readYamlList, type YamlText } from './yaml/list.ts';

/** Of one job. The largest have some ten thousand. */
export const MAX_CASES = 100_000;

/**
 * The cases of a callback's `results` (suite name → YAML text), in the order in which LAVA recorded them. Throws
 * PermanentError `bad_results`, naming the suite, if a text is no YAML list of mappings.
 */
export function parseResults(suites: Record<string, string>): LavaCase[] {
  const cases: LavaCase[] = [];
  for (const [suite, text] of Object.entries(suites)) readSuite(text, suite, cases);
  return inOrder(cases);
}

/** The cases of one YAML text with all suites in it (XML-RPC `results.get_testjob_results_yaml`), in LAVA's order. */
export function parseAllResults(text: string): LavaCase[] {
  const cases: LavaCase[] = [];
  readSuite(text, undefined, cases);
  return inOrder(cases);
}

function readSuite(text: string, suite: string | undefined, cases: LavaCase[]): void {
  const before = cases.length;
  try {
    for (const item of readYamlList(text)) {
      if (!isMapping(item))
        throw new ParseError('malformed', `item ${cases.length - before + 1} is not a mapping`);
      if (cases.length === MAX_CASES)
        throw new ParseError('too_complex', `there are more than ${MAX_CASES} cases`);
      cases.push(toCase(item, suite));
    }
  } catch (error) {
    const name = suite === undefined ? undefined : oneLine(suite, 100);
    const what = name === undefined ? 'the results' : `the results of suite ${JSON.stringify(name)}`;
    throw new PermanentError('bad_results', `${what} cannot be read: ${errorText(error)}`, {
      field: name === undefined ? undefined : `results.${name}`,
      cause: error,
    });
  }
}

function toCase(item: Record<string, YamlText>, suite: string | undefined): LavaCase {
  const metadata = isMapping(item.metadata) ? item.metadata : {};
  return {
    suite: textOf(item.suite) ?? suite ?? textOf(metadata.definition) ?? '',
    name: textOf(item.name) ?? textOf(metadata.case) ?? '',
    result: resultOf(textOf(item.result) ?? textOf(metadata.result)),
    set: textOf(metadata.set),
    measurement: numberOf(item.measurement),
    unit: textOf(item.unit) ?? textOf(metadata.units),
    loggedAt: parseTime(textOf(item.logged)),
    startLine: countOf(item.log_start_line),
    endLine: countOf(item.log_end_line),
    id: countOf(item.id),
    metadata,
  };
}

/** By LAVA's ids; cases without one stay behind, in the order they came. */
function inOrder(cases: LavaCase[]): LavaCase[] {
  return cases.toSorted((a, b) => (a.id ?? Infinity) - (b.id ?? Infinity) || 0);
}

function resultOf(word: string | undefined): CaseResult {
  return CASE_RESULTS.find((known) => known === word) ?? 'unknown';
}

function isMapping(value: YamlText | undefined): value is Record<string, YamlText> {
  return typeof value === 'object' && !Array.isArray(value);
}

/** Text that says something: not empty, and not Python's word for nothing. */
function textOf(value: YamlText | undefined): string | undefined {
  return typeof value === 'string' && value !== '' && value !== 'None' ? value : undefined;
}

/** LAVA stores a measurement as a decimal of thirty digits: 2.45000000000000017763568394003 is 2.45. */
function numberOf(value: YamlText | undefined): number | undefined {
  const text = textOf(value);
  if (text === undefined || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function countOf(value: YamlText | undefined): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
