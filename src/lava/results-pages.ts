// A job's results in bounded pages: LAVA exports test cases slowly, and a job may have tens of thousands.
import { z } from 'zod';
import { errorText, PermanentError } from '../core/errors.ts';
import { read, to, type CheckedCalls } from './checked-calls.ts';
import { MAX_CASES } from './results.ts';
import { readYamlList } from './yaml/list.ts';

/** Test cases in one page. */
const PAGE = 500;
/** Pages, each of another suite, in one request. */
const SUITES = 10;
/** Characters of all pages together. */
const MAX_CHARACTERS = 32 * 1024 * 1024;
/** The suites of one job; LAVA makes one for each test definition. */
const MAX_SUITES = 10_000;

/** LAVA's YAML text by suite, as a callback has it. One request for the suites, and mostly one for all their cases. */
export async function fetchPages(
  { send, sendAll }: CheckedCalls,
  id: number,
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const what = `job ${id}`;
  const list = await send(z.string(), what, to('results.get_testjob_suites_list_yaml', id), signal);
  const results: Record<string, string> = {};
  let open = suiteNames(list).map((suite) => ({ suite, offset: 0 }));
  if (open.length > MAX_SUITES) throw tooMany(what, `${open.length} suites`);
  let cases = 0;
  let characters = 0;
  while (open.length > 0) {
    const now = open.slice(0, SUITES);
    const calls = now.map(({ suite, offset }) =>
      to('results.get_testsuite_results_yaml', id, suite, PAGE, offset),
    );
    const outcomes = await sendAll(calls, signal);
    const pages = now.map((page, i) => ({ ...page, text: read(z.string(), what, outcomes[i]) }));
    for (const { suite, text } of pages) results[suite] = joinLists(results[suite], text);
    cases += pages.reduce((sum, { text }) => sum + countItems(text), 0);
    characters += pages.reduce((sum, { text }) => sum + text.length, 0);
    if (characters > MAX_CHARACTERS) throw tooMany(what, `${MAX_CHARACTERS} characters`);
    if (cases > MAX_CASES) throw tooMany(what, `${MAX_CASES} cases`);
    const full = pages.filter(({ text }) => countItems(text) >= PAGE);
    open = [...full.map(({ suite, offset }) => ({ suite, offset: offset + PAGE })), ...open.slice(SUITES)];
  }
  return results;
}

function tooMany(what: string, count: string): PermanentError {
  return new PermanentError('bad_results', `${what}: more test results than are read (${count})`);
}

const Suites = z.array(z.object({ name: z.string() }));

/** All scalars of the list are strings, whatever they look like. */
function suiteNames(list: string): string[] {
  const what = 'the list of suites (results.get_testjob_suites_list_yaml)';
  let items: unknown[];
  try {
    items = [...readYamlList(list)];
  } catch (error) {
    throw new PermanentError('bad_results', `${what} cannot be read: ${errorText(error)}`, { cause: error });
  }
  const parsed = Suites.safeParse(items);
  if (parsed.success) return parsed.data.map(({ name }) => name);
  throw new PermanentError('bad_results', `${what} has an unknown shape`);
}

/** LAVA's exported lists begin each item at the line's begin; an empty one is `[]`. */
function countItems(list: string): number {
  return list.match(/^- /gm)?.length ?? 0;
}

function joinLists(head: string | undefined, tail: string): string {
  if (head === undefined) return tail;
  return countItems(tail) === 0 ? head : head + tail;
}
