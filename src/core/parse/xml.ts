// The door for XML that others wrote. It takes elements and text, all that XML-RPC is made of: attributes, comments,
// CDATA and document types are refused, so that no reader can see other elements in it than were counted here.
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
    const end = bytes.subarray(at, at + MAX_TAG).indexOf(GREATER);
    const text = end < 0 ? '' : bytes.toString('latin1', at + 1, at + end);
    if (tokens === 0 && DECLARATION.test(text)) continue;
    const [, closes = '', name = '', closed = ''] = TAG.exec(text) ?? [];
    if (name === '') throw new ParseError('malformed', 'it is not XML of elements and text alone');
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

const LESS = 0x3c;
const GREATER = 0x3e;
