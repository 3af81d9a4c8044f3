// Reads callbacks with poisoned content, one field after the other, as the daemon does, and prints what came of each. Run
// by poison.long.test.ts in a process with little memory.
import { BridgeError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/parse/json.ts';
import { PARSE_LIMITS } from '../../src/core/parse/limits.ts';
import { readOutline } from '../../src/definition/definition-summary.ts';
import { parseCallback } from '../../src/lava/callback.ts';
import { readLogText } from '../../src/lava/log.ts';

const SIZE = 1024 * 1024;

const repeated = (piece: string): string => piece.repeat(SIZE / piece.length);

/** A block list of mappings that makes much of a little by aliases of aliases. */
function bomb(): string {
  const levels = Array.from({ length: 30 }, (_, i) => `  - &id${i + 1} [*id${i}, *id${i}, *id${i}]\n`);
  return `- name: a\n  metadata:\n  - &id0 [lol]\n${levels.join('')}`;
}

function steps(piece: (indent: string) => string): string {
  let text = '- name: a\n  x:\n';
  for (let i = 2; text.length < SIZE; i++) text += `${piece(' '.repeat(i * 2))}\n`;
  return text;
}

const KINDS: Record<string, () => string> = {
  'open lists': () => repeated('['),
  'open mappings': () => repeated('{a: '),
  'nested dashes': () => repeated('- '),
  'nested question marks': () => repeated('? '),
  'a deep block mapping': () => steps((indent) => `${indent}a:`),
  'a deep block list': () => steps((indent) => `${indent}- - a: 1`),
  'empty lists': () => `- name: a\n  x: [${repeated('[],')}]\n`,
  'many items': () => repeated('- a\n'),
  'many cases': () => repeated('- a: b\n'),
  'many unusual cases': () => repeated('- "a": |\n    b\n'),
  'many keys': () => `- name: x\n${Array.from({ length: 300_000 }, (_, i) => `  a${i}: b\n`).join('')}`,
  'many anchors': () => repeated('- &a a\n'),
  'many shared aliases': () => `- a: &id001 [x]\n${repeated('- b: *id001\n')}`,
  aliases: bomb,
  'a long word': () => `- name: ${repeated('x')}\n`,
  'a long quoted text': () => `- name: "${repeated('x\\n')}"\n`,
  'a long folded text': () => `- name: ${repeated('x\n    ')}\n`,
  'a long block text': () => `- name: |\n${repeated('    x\n')}`,
  'open quotes': () => repeated("- 'a\n"),
  faults: () => repeated('- }: {[\n'),
  comments: () => repeated('# a\n'),
  'empty lines': () => repeated('\n'),
  documents: () => repeated('---\n'),
  directives: () => repeated('%YAML 1.1\n'),
  tags: () => `- name: ${repeated('!!a ')}x\n`,
  'JSON records': () => repeated('{"a":[[[[]]]]}'),
  'a JSON record': () => `{"dt":"x","msg":[${repeated('[],')}[]]}`,
  'flow records': () => repeated('- {"dt": "x", "lvl": "results", "msg": [[],[],[]]}\n'),
  'a flow record': () => `- {"dt": "x", "lvl": "results", "msg": [${repeated('[],')}[]]}\n`,
  'control characters': () => repeated('\0\x1b\x85'),
};

const FIELDS: Record<string, (text: string) => object> = {
  'results of a suite': (text) => ({ results: { lava: text } }),
  'the name of a suite': (text) => ({ results: { [text]: '- name: a\n  result: pass\n' } }),
  results: (text) => ({ results: [text] }),
  definition: (definition) => ({ definition }),
  log: (log) => ({ log }),
  description: (description) => ({ description }),
  'the end time': (text) => ({ end_time: text }),
  'the device': (text) => ({ actual_device_id: text }),
  'a field that is not known': (text) => ({ odd: [text] }),
};

function read(field: string, kind: string): string {
  const poison = FIELDS[field]?.(KINDS[kind]?.() ?? '');
  const text = JSON.stringify({ id: 1, state_string: 'Finished', health_string: 'Complete', ...poison });
  try {
    const { job, log } = parseCallback(parseJson(text, PARSE_LIMITS.callback));
    JSON.stringify(job);
    readOutline(job.definition);
    let lines = 0;
    for (const line of readLogText(log ?? '')) lines += line.level === '' ? 0 : 1;
    return lines > 0 ? 'lines' : 'read';
  } catch (error) {
    if (error instanceof BridgeError) return error.code;
    throw error;
  }
}

for (const field of Object.keys(FIELDS)) {
  for (const kind of Object.keys(KINDS)) {
    const begin = process.cpuUsage();
    const outcome = read(field, kind);
    const { user, system } = process.cpuUsage(begin);
    process.stdout.write(`${JSON.stringify({ field, kind, outcome, seconds: (user + system) / 1e6 })}\n`);
  }
}
