// Signatures: the sha1 of a few fields, written as Python's json.dumps(sort_keys=True, ensure_ascii=False) writes them,
// so that the same error has the same signature at Maestro (logspec, errors/error.py).
import { createHash } from 'node:crypto';

/** What may stand in a signature. */
export type SignatureValue = string | boolean | readonly string[];

/** The signature of an error: fields that are empty do not count. */
export function errorSignature(fields: Readonly<Record<string, SignatureValue>>): string {
  return sha1(errorJson(fields));
}

/** Signatures of many errors, of which most are alike: the last thousand different ones are not made again. */
export class Signatures {
  readonly #known = new Map<string, string>();

  of(fields: Readonly<Record<string, SignatureValue>>): string {
    const json = errorJson(fields);
    const known = this.#known.get(json);
    if (known !== undefined) return known;
    const signature = sha1(json);
    if (this.#known.size >= 1000) this.#known.clear();
    if (json.length < 2000) this.#known.set(json, signature);
    return signature;
  }
}

/** The signature of the states that a parser went through: false counts too. */
export function stateSignature(states: Readonly<Record<string, boolean>>): string {
  return sha1(canonicalJson(states));
}

/** `{"a": ["b", "c"], "d": true}`: keys sorted, a space after each comma and colon. */
function canonicalJson(fields: Readonly<Record<string, SignatureValue>>): string {
  const pairs = Object.keys(fields)
    .sort()
    .map((key) => `${JSON.stringify(key)}: ${canonicalValue(fields[key] ?? '')}`);
  return `{${pairs.join(', ')}}`;
}

function errorJson(fields: Readonly<Record<string, SignatureValue>>): string {
  const kept = Object.entries(fields).filter(
    ([, value]) => value !== false && value !== '' && !isEmptyList(value),
  );
  return canonicalJson(Object.fromEntries(kept));
}

function canonicalValue(value: SignatureValue): string {
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
}

function isEmptyList(value: SignatureValue): boolean {
  return typeof value === 'object' && value.length === 0;
}

function sha1(text: string): string {
  return createHash('sha1').update(text, 'utf8').digest('hex');
}
