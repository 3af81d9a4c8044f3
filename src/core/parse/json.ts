// The door for JSON that others wrote: its length, depth and number of values are known before JSON.parse sees it.
import { closingQuote } from './closing-quote.ts';
import { checkLength, ParseError, tooComplex, tooDeep, type ParseLimits } from './limits.ts';

/** The value of a JSON text. Throws ParseError; its message repeats nothing of the text. */
export function parseJson(text: string, limits: ParseLimits): unknown {
  checkLength(text.length, limits);
  checkEffort(text, limits);
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw at === undefined
      ? new ParseError('malformed', 'it is not JSON')
      : new ParseError('malformed', 'it is not JSON', { line: lineAt(text, Number(at)) });
  }
}

/** As parseJson; undefined if it cannot be read. */
export function tryJson(text: string, limits: ParseLimits): unknown {
  try {
    return parseJson(text, limits);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/**
 * The texts of a stream of JSON objects, with nothing or white space between them; what follows the last whole
 * one is a text of its own. Each still has to be parsed.
 */
export function splitJson(text: string): string[] {
  const texts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at + 1);
    } else if (char === OPEN_BRACE || char === OPEN_BRACKET) depth++;
    else if ((char === CLOSE_BRACE || char === CLOSE_BRACKET) && --depth <= 0) {
      texts.push(text.slice(from, at + 1));
      from = at + 1;
      depth = 0;
    }
  }
  const rest = text.slice(from);
  if (rest.trim() !== '' || texts.length === 0) texts.push(rest);
  return texts;
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

// What is not well-formed is left to JSON.parse, which gives up at the first fault: up to there all is counted rightly.
function checkEffort(text: string, limits: ParseLimits): void {
  let depth = 0;
  let tokens = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at + 1);
    } else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      depth++;
      tokens++;
      if (depth > limits.depth) throw tooDeep(limits);
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      depth--;
    } else if (char === COMMA || char === COLON) {
      tokens++;
    }
    if (tokens > limits.tokens) throw tooComplex(limits);
  }
}

/** The index of the closing quote, or the text's end. */
function endOfString(text: string, from: number): number {
  const end = closingQuote(text, from);
  return end < 0 ? text.length : end;
}

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
