// Scalars without quotes, and what is a key.

/** A scalar that is not text, as YAML 1.1 reads it and PyYAML writes it: null, true, 12, 1.5e+3, .inf; else the text. */
export function resolveScalar(text: string): unknown {
  if (text.length > 40) return text;
  const lower = text.toLowerCase();
  if (lower === '' || lower === '~' || lower === 'null') return null;
  if (lower === 'true') return true;
  if (lower === 'false') return false;
  if (/^[-+]?\d+$/.test(text)) {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : text;
  }
  if (/^[-+]?(\d+\.\d*|\.\d+)(e[-+]?\d+)?$/.test(lower)) return Number(text);
  if (/^\+?\.inf$/.test(lower)) return Infinity;
  if (lower === '-.inf') return -Infinity;
  return lower === '.nan' ? NaN : text;
}

/**
 * A key as text. One that is a mapping or a list has none: it is never meant, and written as JSON, within the next such key
 * and so on, it grows twofold at each step.
 */
export function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  return typeof key === 'object' && key !== null ? '?' : String(key);
}
