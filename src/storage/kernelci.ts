// KernelCI's storage service (kernelci/kernelci-storage src/main.rs, August 2026). Its 200 says little - a write that
// failed behind it is answered so too - and it gives no URL: the file is looked at afterwards, where readers will.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { TemporaryError } from '../core/errors.ts';
import { answerError, failureOf, type Explanations } from '../core/http-answer.ts';
import { exchange, place, type HttpAnswer } from '../core/http-exchange.ts';
import { checkLogPath, type LogStore } from './log-store.ts';

export interface KernelciStorageOptions {
  url: string;
  /** The JWT, with or without a word before it. */
  token: string;
  /** The directory below which all is put, sent as it is: the service compares it with the token's permissions. May be empty. */
  prefix: string;
  /** Where files are read; the url if it is not there. */
  publicUrl?: string;
  /** For one exchange, milliseconds. */
  timeoutMs: number;
  /** Ends every exchange that is under way. */
  signal?: AbortSignal | undefined;
}

export interface KernelciStorage extends LogStore {
  /** Returns if the token is good; throws PermanentError `storage_auth` if it is not. */
  checkAuth: () => Promise<void>;
  /** The URL that a path has, or will have once it was put there. */
  urlOf: (path: string) => string;
}

/** Uploads logs. Never tries again by itself. */
export function createKernelciStorage(options: KernelciStorageOptions): KernelciStorage {
  const { timeoutMs, signal } = options;
  const url = options.url.replace(/\/+$/, '');
  const publicUrl = (options.publicUrl ?? url).replace(/\/+$/, '');
  const keyOf = (path: string): string =>
    options.prefix === '' ? path : `${options.prefix.replace(/\/+$/, '')}/${path}`;
  const urlOf = (path: string): string => `${publicUrl}/${keyOf(path).replace(/^\/+/, '')}`;
  const authorization = options.token.includes(' ') ? options.token : `Bearer ${options.token}`;

  async function upload(key: string, content: Uint8Array | Readable, contentType: string): Promise<number> {
    const { body, type, size } = multipart(key, content, contentType);
    const answer = await exchange({
      method: 'POST',
      url: `${url}/upload`,
      headers: { authorization, 'content-type': type, 'content-type-upstream': contentType },
      body,
      timeoutMs,
      signal,
    });
    if (answer.status !== 200) throw failure(`${place(url)}: upload of ${key}`, answer);
    return size();
  }

  async function verify(path: string, size: number): Promise<string> {
    const where = urlOf(path);
    const { status, headers } = await exchange({ method: 'HEAD', url: where, timeoutMs, signal });
    const there = Number(headers['content-length']);
    if (status === 200 && there === size) return where;
    const what = status === 200 ? `has ${there} bytes` : `is not there (${status})`;
    throw new TemporaryError('storage_unverified', `${where}: was accepted with ${size} bytes, but ${what}`);
  }

  return {
    put: async (path, content, contentType) => {
      checkLogPath(path);
      return verify(path, await upload(keyOf(path), content, contentType));
    },

    urlOf,

    checkAuth: async () => {
      const answer = await exchange({
        url: `${url}/v1/checkauth`,
        headers: { authorization },
        timeoutMs,
        signal,
      });
      if (answer.status !== 200) throw failure(`${place(url)}: the test of the token`, answer);
    },
  };
}

/** The form of an upload: the directory first, so that the service can hold the key while the file comes. */
function multipart(
  key: string,
  content: Uint8Array | Readable,
  contentType: string,
): { body: Readable; type: string; size: () => number } {
  const boundary = `lava-bridge-${randomBytes(16).toString('hex')}`;
  const slash = key.lastIndexOf('/');
  const directory = key.slice(0, Math.max(0, slash));
  const name = key.slice(slash + 1);
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="path"\r\n\r\n${directory}\r\n` +
    `--${boundary}\r\nContent-Disposition: form-data; name="file0"; filename="${name}"\r\n` +
    `Content-Type: ${contentType}\r\n\r\n`;
  let size = 0;

  async function* parts(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(head);
    for await (const chunk of content instanceof Readable ? content : [content]) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      yield bytes;
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }

  return {
    body: Readable.from(parts()),
    type: `multipart/form-data; boundary=${boundary}`,
    size: () => size,
  };
}

const ANSWERS: Explanations = {
  busy: 'storage_busy',
  credentials: { code: 'storage_auth', hint: 'check storage.token' },
  forbidden: {
    code: 'storage_forbidden',
    hint: "the token's user must have the permission for storage.prefix",
  },
  refused: { code: 'storage_refused' },
};

function failure(what: string, answer: HttpAnswer): Error {
  // 409: somebody else is uploading the same key.
  const as = answer.status === 409 ? 'busy' : failureOf(answer.status);
  return answerError(what, answer, ANSWERS, { as });
}
