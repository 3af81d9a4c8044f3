// XML-RPC answers as LAVA's Python writes them (xmlrpc.client.dumps with allow_none): control characters go out raw,
// times have no zone.

/** A point in time (ms since the epoch), to be written as XML-RPC's dateTime. */
export class WireTime {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

export type WireValue =
  | null
  | boolean
  | number
  | string
  | Buffer
  | WireTime
  | readonly WireValue[]
  | { readonly [key: string]: WireValue };

/** A refusal with LAVA's code and text. */
export class RpcFault extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

const HEAD = "<?xml version='1.0'?>\n<methodResponse>\n";

export function encodeResult(value: WireValue): string {
  return `${HEAD}<params>\n<param>\n${encode(value)}</param>\n</params>\n</methodResponse>\n`;
}

export function encodeFault(fault: RpcFault): string {
  return `${HEAD}<fault>\n${encode({ faultCode: fault.code, faultString: fault.message })}</fault>\n</methodResponse>\n`;
}

function encode(value: WireValue): string {
  if (value === null) return '<value><nil/></value>\n';
  if (typeof value === 'boolean') return typed('boolean', value ? '1' : '0');
  if (typeof value === 'string') return typed('string', escape(value));
  if (typeof value === 'number') return typed(Number.isInteger(value) ? 'int' : 'double', String(value));
  if (Buffer.isBuffer(value)) return typed('base64', `\n${wrapped(value.toString('base64'))}`);
  if (value instanceof WireTime) return typed('dateTime.iso8601', compactTime(value.ms));
  if (isList(value)) return `<value><array><data>\n${value.map(encode).join('')}</data></array></value>\n`;
  const members = Object.entries(value).map(
    ([name, item]) => `<member>\n<name>${escape(name)}</name>\n${encode(item)}</member>\n`,
  );
  return `<value><struct>\n${members.join('')}</struct></value>\n`;
}

function isList(value: WireValue): value is readonly WireValue[] {
  return Array.isArray(value);
}

function typed(type: string, text: string): string {
  return `<value><${type}>${text}</${type}></value>\n`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function wrapped(base64: string): string {
  return base64.replace(/.{1,76}/g, '$&\n');
}

function compactTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll('-', '');
}
