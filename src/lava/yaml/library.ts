// What is not written in the usual way, read by the YAML library: a hundred times as slow as the rest, and on text that is
// no YAML slower still. So only so much of one log, or of one job's results, is read by it.
import type { Scalar } from 'yaml';
import { ParseError, PARSE_LIMITS, type ParseLimits } from '../../core/parse/limits.ts';
import { parseYaml, yamlValue } from '../../core/parse/yaml.ts';
import type { Scalars } from './block.ts';
import { resolveScalar } from './scalar.ts';

/** Characters in all. What PyYAML writes needs nothing of it, but for a list now and then. */
const MAX_CHARACTERS = 500_000;
/** What each text costs besides its characters, in characters. */
const EACH = 100;
/** A text that is no YAML costs as much as so many more characters. */
const FAILED = 1000;

/** Reads one text after the other, until too much was read. Throws ParseError. */
export type LibraryReader = (text: string, limits?: ParseLimits) => unknown;

/** A reader for the texts of one log, or of one job's results. */
export function libraryReader(scalars: Scalars): LibraryReader {
  let left = MAX_CHARACTERS;
  const scalar = scalars === 'typed' ? typed : ({ value }: Scalar): unknown => value;
  return (text, limits = PARSE_LIMITS.yamlRecord) => {
    if (text.length + EACH > left)
      throw new ParseError(
        'too_complex',
        `more than ${MAX_CHARACTERS} characters are written in an unusual way`,
      );
    left -= text.length + EACH;
    try {
      return yamlValue(parseYaml(text, limits, { schema: 'failsafe', strict: scalars === 'text' }), scalar);
    } catch (error) {
      left -= FAILED;
      throw error;
    }
  };
}

/** A scalar without quotes has the type that PyYAML, which wrote it, gives it. */
function typed({ type, value }: Scalar): unknown {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return type === 'PLAIN' ? resolveScalar(text) : text;
}
