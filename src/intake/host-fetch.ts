// Fetches what requests name, with a circuit before each host: a file server that does not answer costs a few time-outs,
// and then only what needs that server waits.
import { fetchLimited, type ExchangeWith, type Fetched, type FetchLimits } from '../core/fetch-limited.ts';
import type { Clock } from '../core/time.ts';
import { createCircuit, type Circuit } from '../engine/circuit.ts';

/** Fetches a URL. Throws what fetchLimited throws, and TemporaryError `down` while its host is away. */
export type HostFetch = (
  url: string,
  options: { maxBytes: number; signal?: AbortSignal },
) => Promise<Fetched>;

interface Options {
  limits: Omit<FetchLimits, 'maxBytes'>;
  now: Clock;
}

/** Hosts come from requests, so there may be any number of them. */
const MOST_HOSTS = 500;

/** Fetches within `limits`, with a circuit for each host. */
export function createHostFetch({ limits, now }: Options): HostFetch {
  const circuits = new Map<string, Circuit>();

  function circuitOf(host: string): Circuit {
    const known = circuits.get(host) ?? createCircuit({ name: host, now });
    // The one that was not used for the longest time is dropped.
    circuits.delete(host);
    circuits.set(host, known);
    const [oldest] = circuits.keys();
    if (circuits.size > MOST_HOSTS && oldest !== undefined) circuits.delete(oldest);
    return known;
  }

  // Each host of a chain of redirects for itself: the one that sends on is not to blame for the other.
  const exchangeWith: ExchangeWith = (url, work) => circuitOf(hostOf(url)).run(work);
  return (url, { maxBytes, signal }) =>
    fetchLimited(url, { ...limits, maxBytes }, { exchangeWith, ...(signal === undefined ? {} : { signal }) });
}

/** `files.example:8080`; empty for what is no URL. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}
