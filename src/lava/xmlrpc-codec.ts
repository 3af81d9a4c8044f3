// XML-RPC's wire format: the xmlrpc package's codec, with its traps closed. Pure: no network here.
import { StringDecoder } from 'node:string_decoder';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { checkXml } from '../core/parse/xml.ts';
import Deserializer from 'xmlrpc/lib/deserializer.js';
import { serializeMethodCall } from 'xmlrpc/lib/serializer.js';

/** What may be sent. There is no Date among it: the package would send local time. */
export type XmlRpcParam =
  null | boolean | number | string | readonly XmlRpcParam[] | { readonly [key: string]: XmlRpcParam };

/** A fault as it came over the wire. */
export interface WireFault {
  faultCode: number;
  faultString: string;
}

/** An answer: a value (times as the raw text, binaries as Buffer), or a fault. */
export type WireAnswer = { value: unknown } | { fault: WireFault };

/** Arrays and structs may be that deep in each other; LAVA's deepest answer has four. */
const MAX_DEPTH = 64;
/** How much is parsed before others get their turn (bytes). */
const PIECE = 64 * 1024;

/** Everything that XML 1.0 has no place for. Lone surrogates are not among it: see isWellFormed. */
const NOT_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
/** LAVA sends such characters raw, as they came from a console. */
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/g;

/** The call's XML. Throws TypeError, naming the place, if a parameter can't be sent as it is. */
export function encodeCall(method: string, params: readonly XmlRpcParam[]): string {
  params.forEach((param, i) => check(param, `params[${i}]`, 0));
  return serializeMethodCall(method, params);
}

function check(value: unknown, where: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new TypeError(`${where}: nested too deeply`);
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') return checkText(value, where);
  if (typeof value === 'number') return checkNumber(value, where);
  if (Array.isArray(value)) return value.forEach((item, i) => check(item, `${where}[${i}]`, depth + 1));
  if (!isPlainObject(value)) throw new TypeError(`${where}: not a value of XML-RPC`);
  for (const [key, item] of Object.entries(value)) {
    checkText(key, `${where}: a key`);
    check(item, `${where}.${key}`, depth + 1);
  }
}

function checkText(text: string, where: string): void {
  if (!text.isWellFormed()) throw new TypeError(`${where}: has half of a surrogate pair`);
  const found = NOT_XML.exec(text);
  if (!found) return;
  const code = found[0].charCodeAt(0).toString(16).padStart(4, '0');
  throw new TypeError(`${where}: has the character U+${code} (at ${found.index}), which XML can't carry`);
}

function checkNumber(value: number, where: string): void {
  if (!Number.isFinite(value)) throw new TypeError(`${where}: ${value} is no number of XML-RPC`);
  if (Number.isInteger(value) && value !== (value | 0)) {
    throw new TypeError(`${where}: ${value} is outside of 32 bits`);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Reads an answer. Rejects with an Error if it is not one. Long answers are read in pieces, so that other work goes on. */
export async function decodeAnswer(body: Uint8Array): Promise<WireAnswer> {
  checkXml(body, PARSE_LIMITS.xmlRpc);
  return new Promise((resolve, reject) => {
    const input = new Input(body);
    new StrictDeserializer().deserializeMethodResponse(input.stream, (error, value) => {
      input.end();
      const fault = faultOf(error);
      if (fault) resolve({ fault });
      else if (error) reject(error instanceof Error ? error : new Error('not an XML-RPC answer'));
      else resolve({ value });
    });
  });
}

/** Reads a call, as a server does. Rejects with an Error if it is not one. */
export async function decodeCall(body: Uint8Array): Promise<{ method: string; params: unknown[] }> {
  checkXml(body, PARSE_LIMITS.xmlRpc);
  return new Promise((resolve, reject) => {
    const input = new Input(body);
    new StrictDeserializer().deserializeMethodCall(input.stream, (error, method, params) => {
      input.end();
      if (error) reject(error instanceof Error ? error : new Error('not an XML-RPC call'));
      else resolve({ method, params });
    });
  });
}

/** The fault in what the package throws for one; undefined for any other error. */
function faultOf(error: unknown): WireFault | undefined {
  if (!(error instanceof Error) || !('faultCode' in error)) return undefined;
  const text = 'faultString' in error ? error.faultString : '';
  return typeof error.faultCode === 'number'
    ? { faultCode: error.faultCode, faultString: typeof text === 'string' ? text : '' }
    : undefined;
}

/** A body in pieces, without what XML can't hold. The package reads on after an error, unless its input ends. */
class Input {
  readonly stream: Readable;
  #ended = false;

  constructor(body: Uint8Array) {
    this.stream = Readable.from(this.#pieces(body));
  }

  end(): void {
    this.#ended = true;
  }

  async *#pieces(body: Uint8Array): AsyncGenerator<string> {
    const decoder = new StringDecoder('utf8');
    for (let at = 0; at < body.length && !this.#ended; at += PIECE) {
      if (at > 0) await setImmediate();
      yield decoder.write(body.subarray(at, at + PIECE)).replace(CONTROL, '');
    }
    yield decoder.end();
  }
}

/**
 * The package's reader without its traps: times stay text (it takes LAVA's UTC for the daemon's local time), an
 * integer is all digits, a struct has no prototype, and nesting has a limit.
 */
class StrictDeserializer extends Deserializer {
  protected override onOpentag(node: { name: string }): void {
    super.onOpentag(node);
    if (this.marks.length > MAX_DEPTH) this.onError(new Error('nested too deeply'));
  }

  protected override endInt(data: string): void {
    if (!/^\s*[+-]?\d{1,15}\s*$/.test(data)) throw new Error(`not an integer: ${data.slice(0, 40)}`);
    super.endInt(data);
  }

  protected override endStruct(): void {
    const items = this.stack.splice(this.marks.pop() ?? 0);
    const struct: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (let i = 0; i + 1 < items.length; i += 2) struct[String(items[i])] = items[i + 1];
    this.stack.push(struct);
    this.value = false;
  }

  protected override endBase64(data: string): void {
    this.stack.push(Buffer.from(data, 'base64'));
    this.value = false;
  }

  protected override endDateTime(data: string): void {
    this.stack.push(data.trim());
    this.value = false;
  }
}
