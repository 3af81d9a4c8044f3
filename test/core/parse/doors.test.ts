// No part of the program parses what others wrote but through src/core/parse.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SOURCE = join(import.meta.dirname, '..', '..', '..', 'src');

const PARSERS = [
  /\bJSON\.parse\b/,
  // An answer of fetch.
  /\bawait [\w.]+\.json\(\)/,
  // Of the YAML library, what parses; nodes, `Document` and `stringify` do not.
  /import (?!type)(?:[^;]*\W)?(?:parse|parseDocument|parseAllDocuments|Lexer|Parser|Composer)\W[^;]*from 'yaml'/,
  /from '(?:xmlrpc|sax)\b[^']*deserializer/,
  /\beval\(|new Function\(/,
];

/** What reads with a library of its own, and why that is no way around the limits. */
const ALLOWED: Readonly<Record<string, string>> = {
  'core/parse/json.ts': 'the door for JSON',
  'core/parse/json-string.ts': 'a piece of one string; the document without it goes through the door',
  'core/log-record.ts': 'a line of our own log',
  'core/parse/yaml.ts': 'the door for YAML',
  'lava/xmlrpc-codec.ts': 'behind checkXml, the door for XML',
  'http/callback-body.ts': 'a piece of one string; what is no string goes through the door',
  'store/rows.ts': 'what the store itself wrote',
  'store/deliveries.ts': 'what the outbox itself wrote',
};

it('nothing but the doors parses JSON, YAML or XML', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const parsing = files.filter((name) => {
    const text = readFileSync(join(SOURCE, name), 'utf8');
    return PARSERS.some((parser) => parser.test(text));
  });

  expect(files.length).toBeGreaterThan(200);
  expect(parsing.toSorted()).toEqual(Object.keys(ALLOWED).toSorted());
});

it('XML-RPC is checked before it is parsed', () => {
  const codec = readFileSync(join(SOURCE, 'lava/xmlrpc-codec.ts'), 'utf8');

  expect(codec.match(/new StrictDeserializer\(\)/g)).toHaveLength(2);
  expect(codec.match(/checkXml\(body, PARSE_LIMITS\.xmlRpc\);\n {2}return new Promise/g)).toHaveLength(2);
});
