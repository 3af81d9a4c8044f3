// The door for XML that others wrote. It takes elements, text and CDATA, all that XML-RPC is made of: attributes, comments
// and document types are refused, so that no reader can see other elements in it than were counted here.
import { checkLength, ParseError, tooComplex, tooDeep, type ParseLimits } from './limits.ts';

/** Longer than any name of an element. */
const MAX_TAG = 100;
const TAG = /^(\/?)([A-Za-z][\w.:-]*)\s*(\/?)$/;
const DECLARATION = /^\?xml[^<>]*\?$/;

/**
 * Checks that each element is closed in order, within the limits. Linear, in constant memory. Throws ParseError; its
 * message repeats nothing of the text.
 */
export function checkXml(body: Uint8Array, limits: ParseLimits): void {
  checkLength(body.length, limits);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const open: string[] = [];
  let tokens = 0;
  for (let at = bytes.indexOf(LESS); at >= 0; at = bytes.indexOf(LESS, at + 1)) {
    if (bytes.toString('latin1', at, at + CDATA.length) === CDATA) {
      at = endOfCdata(bytes, at);
      continue;
    }
    const end = bytes.subarray(at, at + MAX_TAG).indexOf(GREATER);
    const text = end < 0 ? '' : bytes.toString('latin1', at + 1, at + end);
    if (tokens === 0 && DECLARATION.test(text)) continue;
    const [, closes = '', name = '', closed = ''] = TAG.exec(text) ?? [];
    if (name === '') throw new ParseError('malformed', 'it has what is neither an element nor text');
    tokens++;
    if (tokens > limits.tokens) throw tooComplex(limits);
    if (closes !== '') {
      if (closed !== '' || open.pop() !== name)
        throw new ParseError('malformed', 'an element is closed that is not open');
    } else if (closed === '') {
      open.push(name);
      if (open.length > limits.depth) throw tooDeep(limits);
    }
  }
  if (tokens === 0) throw new ParseError('malformed', 'it is not XML');
  if (open.length > 0) throw new ParseError('malformed', 'it ends too early');
}

/** A reader that leaves out control characters could see another end of it: there may be none. */
function endOfCdata(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(']]>', from);
  if (end < 0 || CONTROL.test(bytes.toString('latin1', from, end)))
    throw new ParseError('malformed', 'it has CDATA without an end, or with control characters');
  return end;
}

const CDATA = '<![CDATA[';
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;
const LESS = 0x3c;
const GREATER = 0x3e;
