// What the commands share: the configuration option, talking to the running daemon, and how they print.
import { createReadStream } from 'node:fs';
import { Option } from 'commander';
import { z } from 'zod';
import { isErrorCode } from '../core/error-codes.ts';
import { BridgeError } from '../core/errors.ts';
import { exchange, type HttpAnswer, type HttpRequest } from '../core/http-exchange.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { HOUR } from '../core/time.ts';
import { DEFAULT_CONFIG, loadConfig } from '../config/load.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';

export { bold, jsonOption, print, printJson, table } from './print.ts';

/** `--config FILE`. */
export function configOption(): Option {
  return new Option('--config <file>', 'the configuration').default(DEFAULT_CONFIG);
}

/** A kernel with its modules, to a daemon on another machine. */
const UPLOAD_WITHIN = HOUR;

const Refusal = z.object({ error: z.string(), message: z.string() });

export interface Daemon {
  url: string;
  get: (path: string) => Promise<unknown>;
  /** An answer that is no JSON, such as CSV. */
  getText: (path: string) => Promise<string>;
  /** Needs http.token. */
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<unknown>;
  /** Hands in a file as it is. */
  postFile: (path: string, file: string) => Promise<unknown>;
  authorization: () => Record<string, string>;
  /** The same for what only reads: empty where that needs no token. */
  forReading: () => Record<string, string>;
}

/** The daemon that runs with this configuration. */
export async function daemonOf(file: string): Promise<Daemon> {
  return daemonAt(await loadConfig(file));
}

/** As daemonOf, for a configuration that is at hand. */
export function daemonAt(config: BridgeConfig): Daemon {
  const { host, port } = config.http.api_listen;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const scheme = config.http.tls?.on.includes('api_listen') ? 'https' : 'http';
  const url = `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;

  function authorization(): Record<string, string> {
    const token = config.http.token ?? config.http.tokens?.find(({ role }) => role === 'operate')?.token;
    if (token === undefined) {
      throw new BridgeError(
        'no_token',
        'http.token is not set in the configuration; the daemon takes no orders without it',
      );
    }
    return { authorization: `Bearer ${resolveSecret(token)}` };
  }

  /** What reading needs; `check` and others go without a token where it is open. */
  function forReading(): Record<string, string> {
    return config.http.reading === 'open' ? {} : authorization();
  }

  async function send(
    path: string,
    more: Partial<Pick<HttpRequest, 'method' | 'body' | 'headers' | 'timeoutMs'>> = {},
  ): Promise<HttpAnswer> {
    return exchange({
      url: `${url}${path}`,
      timeoutMs: 30_000,
      isOwnMachine: true,
      ...more,
    }).catch((error: unknown) => {
      throw new BridgeError(
        'no_daemon',
        `the daemon does not answer at ${url}; does it run (systemctl status lava-bridge)?`,
        { cause: error },
      );
    });
  }

  return {
    url,
    authorization,
    forReading,
    get: async (path) => read(await send(path, { headers: forReading() })),
    async getText(path) {
      const answer = await send(path, { headers: forReading() });
      if (answer.status >= 400) read(answer);
      return answer.body.toString('utf8');
    },
    post: async (path, body, headers = {}) =>
      read(
        await send(path, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json', ...authorization(), ...headers },
        }),
      ),
    async postFile(path, file) {
      const answer = await send(path, {
        method: 'POST',
        body: createReadStream(file),
        headers: { 'content-type': 'application/octet-stream', ...authorization() },
        timeoutMs: UPLOAD_WITHIN,
      });
      return read(answer);
    },
  };
}

function read(answer: Pick<HttpAnswer, 'status' | 'body'>): unknown {
  const value = tryJson(answer.body.toString('utf8'), PARSE_LIMITS.answer);
  if (value === undefined)
    throw new BridgeError('odd_answer', `the daemon answered ${answer.status}, and not in JSON`);
  if (answer.status < 400) return value;
  const refusal = Refusal.safeParse(value);
  if (!refusal.success) throw new BridgeError('refused', `the daemon answered ${answer.status}`);
  const { error, message } = refusal.data;
  throw new BridgeError(isErrorCode(error) ? error : 'refused', message);
}
