// Which names this bridge answers to. A browser that is led here by another site's name (DNS rebinding) sends that name
// in Host; an address typed in, or a name of ours, can't be another site's.
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { BridgeConfig } from '../config/schema.ts';

/** Says whether a request with this `Host` header may be answered. */
export type HostCheck = (header: string | undefined) => boolean;

/** A check for the configuration's own names: of its URLs and addresses, of this machine, and `http.hosts`. */
export function createHostCheck({ http, labs }: Pick<BridgeConfig, 'http' | 'labs'>): HostCheck {
  const urls = [http.public_url, ...labs.map(({ callback }) => callback.url)];
  const names = new Set(
    [
      'localhost',
      hostname(),
      ...[http.listen, http.api_listen, http.pages_listen].map(({ host }) => host),
      ...urls.flatMap((url) => (url === undefined ? [] : [new URL(url).hostname])),
      ...http.hosts,
    ].map((name) => name.toLowerCase()),
  );
  return (header) => {
    // Only HTTP/1.0 may leave it out (Node refuses others), which no browser speaks.
    if (header === undefined) return true;
    const name = nameOf(header);
    return name !== undefined && (isIP(name) !== 0 || names.has(name));
  };
}

/** The name without port, brackets and final dot. */
function nameOf(header: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:/@?#\s]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '');
}
