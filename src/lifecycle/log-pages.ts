// The log of a running LAVA job in pages that all its readers share: LAVA is asked for each full page once, and for the
// last one, which still grows, every two seconds at most, however many read.
import { SECOND, type Clock } from '../core/time.ts';
import { readLogText } from '../lava/log.ts';
import type { LogLine } from '../lava/model.ts';
import type { Lab } from './lab.ts';

/** LAVA takes new lines from the board every few seconds (`--job-log-interval`, 5 by default). */
export const LOOK_EVERY = 2 * SECOND;
/** Lines of a page. */
const PAGE = 2000;
/** Pages that are kept, some 500 KB each; the one that was not read for the longest time is dropped. */
const MOST_PAGES = 20;

export interface LogPages {
  /** The lines from number `from` (0 is the first) to the end of the page that it stands in. */
  linesFrom: (
    lab: Lab,
    lavaId: number,
    from: number,
  ) => Promise<{ lines: readonly LogLine[]; isFull: boolean }>;
}

interface Page {
  at: number;
  lines: Promise<readonly LogLine[]>;
  isFull: boolean;
}

export function createLogPages(now: Clock): LogPages {
  const pages = new Map<string, Page>();

  function fetchPage(lab: Lab, lavaId: number, start: number): Page {
    const page: Page = { at: now(), isFull: false, lines: read() };
    async function read(): Promise<readonly LogLine[]> {
      const part = await lab.call((c) => c.logs(lavaId, start, PAGE));
      const lines = [...readLogText(part.text)];
      page.isFull = part.lines >= PAGE;
      return lines;
    }
    return page;
  }

  function pageAt(lab: Lab, lavaId: number, start: number): Page {
    const key = `${lab.name} ${lavaId} ${start}`;
    const known = pages.get(key);
    pages.delete(key);
    const isGood = known !== undefined && (known.isFull || Math.abs(now() - known.at) < LOOK_EVERY);
    const page = isGood ? known : fetchPage(lab, lavaId, start);
    pages.set(key, page);
    page.lines.catch(() => {
      if (pages.get(key) === page) pages.delete(key);
    });
    const [oldest] = pages.keys();
    if (pages.size > MOST_PAGES && oldest !== undefined) pages.delete(oldest);
    return page;
  }

  return {
    async linesFrom(lab, lavaId, from) {
      const skipped = from % PAGE;
      const page = pageAt(lab, lavaId, from - skipped);
      const lines = await page.lines;
      return { lines: lines.slice(skipped), isFull: page.isFull };
    },
  };
}
