// A job's results in bounded pages: LAVA exports test cases slowly, and a job may have tens of thousands.
import { z } from 'zod';
import { errorText, PermanentError } from '../core/errors.ts';
import { read, to, type CheckedCalls } from './checked-calls.ts';
import { MAX_CASES } from './results.ts';
import type { Call } from './xmlrpc.ts';
import { readYamlList } from './yaml/list.ts';

/** Test cases in one page. */
const PAGE = 500;
/** Pages, each of another suite, in one request. */
const SUITES = 10;
/** Characters of all pages together. */
const MAX_CHARACTERS = 32 * 1024 * 1024;
/** The suites of one job; LAVA makes one for each test definition. */
const MAX_SUITES = 10_000;

/** A page of a suite's cases. */
interface Page {
  suite: string;
  offset: number;
}

/**
 * LAVA's YAML text by suite, as a callback has it. `likely`: suites that the job may have. Where it has no others, and none of them
 * has many cases, one request has all.
 */
export async function fetchPages(
  { sendAll }: CheckedCalls,
  id: number,
  likely: readonly string[],
): Promise<Record<string, string>> {
  const what = `job ${id}`;
  const guessed = likely.slice(0, SUITES).map((suite) => ({ suite, offset: 0 }));
  const [list, ...outcomes] = await sendAll([
    to('results.get_testjob_suites_list_yaml', id),
    ...guessed.map((page) => callFor(id, page)),
  ]);
  const suites = suiteNames(read(z.string(), what, list));
  if (suites.length > MAX_SUITES) throw tooMany(what, `${suites.length} suites`);
  const { results, add } = gather(what);
  // LAVA answers for a suite that is not there with a fault.
  const first = guessed.flatMap((page, i) =>
    suites.includes(page.suite) ? add(page, read(z.string(), what, outcomes[i])) : [],
  );
  const rest = suites.filter((suite) => !results.has(suite)).map((suite) => ({ suite, offset: 0 }));
  let open = [...first, ...rest];
  while (open.length > 0) {
    const pages = open.slice(0, SUITES);
    const answers = await sendAll(pages.map((page) => callFor(id, page)));
    const more = pages.flatMap((page, i) => add(page, read(z.string(), what, answers[i])));
    open = [...more, ...open.slice(SUITES)];
  }
  return Object.fromEntries(results);
}

function callFor(id: number, { suite, offset }: Page): Call {
  return to('results.get_testsuite_results_yaml', id, suite, PAGE, offset);
}

/** Adds pages to results, as far as those may grow; `add` gives the next page, if there is one. Throws PermanentError `bad_results`. */
function gather(what: string): {
  results: ReadonlyMap<string, string>;
  add: (page: Page, text: string) => Page[];
} {
  const results = new Map<string, string>();
  let cases = 0;
  let characters = 0;
  return {
    results,
    add({ suite, offset }, text) {
      results.set(suite, joinLists(results.get(suite), text));
      const count = countItems(text);
      cases += count;
      characters += text.length;
      if (characters > MAX_CHARACTERS) throw tooMany(what, `${MAX_CHARACTERS} characters`);
      if (cases > MAX_CASES) throw tooMany(what, `${MAX_CASES} cases`);
      return count >= PAGE ? [{ suite, offset: offset + PAGE }] : [];
    },
  };
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
