// XML-RPC calls over HTTP: one lab, a few requests at a time, each bounded in time and size.
import { oneLine } from '../core/answer-text.ts';
import { errorText, PermanentError, RequestError, TemporaryError, BridgeError } from '../core/errors.ts';
import { createGate } from '../core/gate.ts';
import { answerError, type Explanations } from '../core/http-answer.ts';
import { exchange, place, type HttpAnswer } from '../core/http-exchange.ts';
import {
  decodeAnswer,
  encodeCall,
  type WireAnswer,
  type WireFault,
  type XmlRpcParam,
} from './xmlrpc-codec.ts';

export type { XmlRpcParam } from './xmlrpc-codec.ts';

/** So much is kept of the words of a fault. */
const MAX_FAULT = 2000;

/** The server understood the call and refused it. What a code means is for the caller to know. */
export class XmlRpcFault extends BridgeError {
  readonly faultCode: number;
  /** The server's own words, cut to 2,000 characters: a stack trace may come with them. */
  readonly faultString: string;

  constructor(method: string, fault: WireFault) {
    const text = oneLine(fault.faultString, MAX_FAULT);
    super('xmlrpc_fault', `${method}: fault ${fault.faultCode}: ${text}`);
    this.faultCode = fault.faultCode;
    this.faultString = text;
  }
}

export interface XmlRpcOptions {
  /** The endpoint itself, `http://lab.example/RPC2`. */
  url: string;
  /** Without both, calls are anonymous: only public things can be read. */
  user?: string | undefined;
  token?: string | undefined;
  /** For one call, milliseconds. */
  timeoutMs: number;
  /** The largest answer that is taken, bytes. */
  maxBytes?: number;
  /** Ends every call that brings no signal of its own. */
  signal?: AbortSignal | undefined;
}

export interface Call {
  method: string;
  params: readonly XmlRpcParam[];
}

/** The answer to one call of several: its value, or the fault it met. */
export type Outcome = { value: unknown } | { fault: XmlRpcFault };

export interface XmlRpcClient {
  /**
   * Does one call. Throws XmlRpcFault; PermanentError `lava_auth` (HTTP 401), `lava_redirect`, `lava_http` (another
   * 4xx); RequestError `unsendable`; TemporaryError for all that may pass. After a TemporaryError it is unknown whether
   * the server acted.
   */
  call: (method: string, params?: readonly XmlRpcParam[], signal?: AbortSignal) => Promise<unknown>;
  /** Does several calls in one request (`system.multicall`): one outcome each, in order. Throws as `call`. */
  multicall: (calls: readonly Call[], signal?: AbortSignal) => Promise<Outcome[]>;
}

/** LAVA serves a whole lab with four workers or so: more than two requests at once are unkind. */
export const IN_FLIGHT = 2;

/** Makes a client. Connections are kept alive between calls. */
export function createXmlRpcClient(options: XmlRpcOptions): XmlRpcClient {
  const gate = createGate(IN_FLIGHT);

  async function call(method: string, params: readonly XmlRpcParam[] = [], signal?: AbortSignal) {
    const body = encode(method, params);
    const answer = await gate(() => post(options, body, signal ?? options.signal));
    const read = await decode(options, method, answer);
    if ('fault' in read) throw new XmlRpcFault(method, read.fault);
    return read.value;
  }

  async function multicall(calls: readonly Call[], signal?: AbortSignal): Promise<Outcome[]> {
    const params = calls.map(({ method, params }) => ({ methodName: method, params }));
    const outcomes = await call('system.multicall', [params], signal);
    if (!Array.isArray(outcomes) || outcomes.length !== calls.length) {
      throw new TemporaryError('lava_answer', `${place(options.url)}: system.multicall lost some answers`);
    }
    return calls.map(({ method }, i) => outcome(method, outcomes[i]));
  }

  return { call, multicall };
}

function encode(method: string, params: readonly XmlRpcParam[]): string {
  try {
    return encodeCall(method, params);
  } catch (error) {
    throw new RequestError('unsendable', `${method} can't be called: ${errorText(error)}`);
  }
}

async function post(options: XmlRpcOptions, body: string, signal?: AbortSignal): Promise<HttpAnswer> {
  const { url, user, token, timeoutMs, maxBytes } = options;
  const anonymous = user === undefined || token === undefined;
  return exchange({
    method: 'POST',
    url,
    headers: {
      'content-type': 'text/xml',
      ...(anonymous ? {} : { authorization: basicAuth(user, token) }),
    },
    body,
    timeoutMs,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    signal,
  });
}

/** The value of an Authorization header. LAVA wants Basic, with an API token as the password. */
export function basicAuth(user: string, token: string): string {
  return `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
}

async function decode(options: XmlRpcOptions, method: string, answer: HttpAnswer): Promise<WireAnswer> {
  const where = place(options.url);
  if (answer.status !== 200) throw httpError(options, answer);
  if (!/\bxml\b/.test(String(answer.headers['content-type'] ?? ''))) {
    throw new TemporaryError('lava_answer', `${where}: answered with something that is no XML; ${HINT_URL}`);
  }
  try {
    return await decodeAnswer(answer.body);
  } catch (error) {
    throw new TemporaryError(
      'lava_answer',
      `${where}: ${method}: the answer can't be read: ${oneLine(errorText(error))}`,
      { cause: error },
    );
  }
}

const HINT_URL = "is this LAVA's address?";

/** The text of such an answer is a web page, and is not quoted. */
function httpError(options: XmlRpcOptions, answer: HttpAnswer): BridgeError {
  const { status, headers } = answer;
  const where = place(options.url);
  if (status >= 300 && status < 400) {
    const location = headers['location'];
    const target = typeof location === 'string' && URL.canParse(location, options.url);
    const final = target ? place(new URL(location, options.url).href) : 'an unnamed place';
    return new PermanentError(
      'lava_redirect',
      `${where}: redirects to ${final} (HTTP ${status}); configure the final URL (or, if that is a login page, check user and token)`,
    );
  }
  const explanations: Explanations = {
    busy: 'lava_busy',
    credentials: {
      code: 'lava_auth',
      hint:
        `LAVA does not know user "${options.user ?? ''}" with this token; check user and token: ` +
        `it must be an API token of that user (not the account's password), and the account active`,
    },
    refused: { code: 'lava_http', hint: HINT_URL },
  };
  return answerError(where, answer, explanations, { withoutText: true });
}

/** One item of a multicall's answer: `[value]`, or a fault's struct. */
function outcome(method: string, item: unknown): Outcome {
  if (Array.isArray(item) && item.length === 1) return { value: item[0] };
  if (typeof item === 'object' && item !== null && 'faultCode' in item) {
    const text = 'faultString' in item ? String(item.faultString) : '';
    return { fault: new XmlRpcFault(method, { faultCode: Number(item.faultCode), faultString: text }) };
  }
  throw new TemporaryError('lava_answer', `system.multicall: no answer to ${method}`);
}
