// Fetches what a request from outside names: http and https only, with limits on size, time and redirects, from the
// networks that the configuration lists. What is checked is the address that is connected to, at each redirect again: a
// check of the name beforehand could be answered otherwise than the connection's own look-up.
import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { networkFilter, type Network } from './address.ts';
import { RequestError, TemporaryError } from './errors.ts';
import { answerError } from './http-answer.ts';
import { exchange, place, type HttpAnswer } from './http-exchange.ts';

/** What a fetch may cost, and where it may go. */
export interface FetchLimits {
  /** For all redirects together, milliseconds. */
  timeoutMs: number;
  maxBytes: number;
  maxRedirects: number;
  /** The addresses that may be asked. */
  networks: readonly Network[];
}

/** How a fetch is ended, and how names are looked up. */
export interface FetchOptions {
  signal?: AbortSignal | undefined;
  /** In place of the system's look-up of names. */
  lookup?: Lookup;
  /** Does the exchange with one server, of which redirects make several; as it is if this is not there. */
  exchangeWith?: ExchangeWith;
}

/** `url`: of this exchange. Whether the server answered as it should shows in what `work` throws. */
export type ExchangeWith = <T>(url: string, work: () => Promise<T>) => Promise<T>;

type Lookup = (
  name: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** What was fetched. */
export interface Fetched {
  /** Where it came from in the end. */
  url: string;
  body: Buffer;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches `url`. Throws RequestError for what will not get better: `fetch_refused` (not http(s), an address outside
 * of the networks, a user in the URL), `fetch_redirects`, `too_large`, `fetch_failed` (4xx); and TemporaryError for what may.
 */
export async function fetchLimited(
  url: string,
  limits: FetchLimits,
  options: FetchOptions = {},
): Promise<Fetched> {
  const deadline = performance.now() + limits.timeoutMs;
  let current = url;
  for (let hops = 0; ; hops++) {
    if (hops > limits.maxRedirects) {
      throw new RequestError('fetch_redirects', `${place(url)}: more than ${limits.maxRedirects} redirects`);
    }
    const left = deadline - performance.now();
    if (left <= 0) throw new TemporaryError('unreachable', `${place(url)}: no answer in time`);
    const from = current;
    const within = { ...limits, timeoutMs: Math.ceil(left) };
    const { exchangeWith = (_url, work) => work() } = options;
    const step = await exchangeWith(from, () => fetchStep(from, within, options));
    if ('body' in step) return { url: from, body: step.body };
    current = step.next;
  }
}

/** The body, or where to ask next. */
async function fetchStep(
  url: string,
  limits: FetchLimits,
  options: FetchOptions,
): Promise<{ body: Buffer } | { next: string }> {
  const answer = await fetchOnce(url, limits, options);
  if (answer.status === 200) return { body: answer.body };
  const next = redirect(url, answer);
  if (next === undefined) throw failure(url, answer);
  return { next };
}

async function fetchOnce(url: string, limits: FetchLimits, options: FetchOptions): Promise<HttpAnswer> {
  const target = checkedUrl(url);
  const isAllowed = networkFilter(limits.networks);
  // A literal address is connected to without a look-up.
  const literal = target.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !isAllowed(literal)) throw outsideNetworks(url);
  const guard = guardedLookup(options.lookup ?? systemLookup, isAllowed);
  try {
    return await exchange({
      url: target.href,
      timeoutMs: limits.timeoutMs,
      maxBytes: limits.maxBytes,
      signal: options.signal,
      lookup: guard.lookup,
    });
  } catch (error) {
    if (guard.hasRefused()) throw outsideNetworks(url);
    if (error instanceof TemporaryError && error.code === 'answer_too_large') {
      throw new RequestError('too_large', error.message);
    }
    throw error;
  }
}

function checkedUrl(text: string): URL {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    const scheme = /^[a-z][a-z0-9+.-]{0,20}:/i.exec(text)?.[0] ?? 'no scheme';
    throw new RequestError('fetch_refused', `only http and https URLs are fetched, not one with ${scheme}`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new RequestError('fetch_refused', `${place(text)}: a URL with user or password is not fetched`);
  }
  return url;
}

/** A look-up that gives allowed addresses alone. */
function guardedLookup(
  lookup: Lookup,
  isAllowed: (address: string) => boolean,
): { lookup: LookupFunction; hasRefused: () => boolean } {
  let refused = false;
  return {
    hasRefused: () => refused,
    lookup: (name, options, callback) => {
      lookup(name, { ...options, all: true }, (error, addresses) => {
        const allowed = error ? [] : addresses.filter(({ address }) => isAllowed(address));
        refused = error === null && allowed.length === 0;
        const [first] = allowed;
        if (first === undefined) callback(error ?? new Error('no allowed address'), '', 0);
        else if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    },
  };
}

function outsideNetworks(url: string): RequestError {
  const setting = 'fetch.networks';
  return new RequestError('fetch_refused', `${place(url)}: its address is outside of ${setting}`, {
    setting,
  });
}

function redirect(from: string, { status, headers }: HttpAnswer): string | undefined {
  const { location } = headers;
  if (!REDIRECTS.has(status) || typeof location !== 'string') return undefined;
  return URL.canParse(location, from) ? new URL(location, from).href : undefined;
}

/** The answer's text is not quoted: the author of the request must not learn what an inner server says. */
function failure(url: string, answer: HttpAnswer): Error {
  const explanations = { busy: 'fetch_busy', refused: { code: 'fetch_failed' } } as const;
  return answerError(place(url), answer, explanations, { withoutText: true, permanent: RequestError });
}
