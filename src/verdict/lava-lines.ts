// LAVA's own lines in a job's log: which action begins and ends, what it typed, what it noted, how it failed.
import type { LogLine } from '../lava/model.ts';
import { createTail } from './excerpt.ts';

export interface LavaFacts {
  /** When LAVA began with the job's actions, and when it last said that something timed out. */
  actionsAt: number | undefined;
  timedOutAt: number | undefined;
  /** When LAVA noted that a login passed, the last time. */
  loginAt: number | undefined;
  /** The name of the exception that LAVA ended with (`InfrastructureError`), if it said so. */
  errorClass: string | undefined;
  /** What LAVA itself wrote of errors, the last of it. */
  lavaErrors: string;
  /** Results that LAVA forced to fail: the board's own word for each. */
  forced: ForcedResult[];
}

/** `suite` is undefined where the log does not say it. */
interface ForcedResult {
  suite: string | undefined;
  name: string;
  result: string;
}

/** What a line of LAVA's means for the phases of the job. */
export type LavaEvent = 'boot' | 'test' | 'other' | 'action-ended' | 'login' | 'case-passed';

export interface LavaLines {
  line: (line: LogLine) => LavaEvent | undefined;
  facts: () => LavaFacts;
  /** Whether a line of the board is what LAVA typed last. */
  isEcho: (raw: string) => boolean;
}

const LAVA_ERRORS = 4096;
const MAX_FORCED = 2000;

export function watchLava(): LavaLines {
  const errors = createTail(LAVA_ERRORS);
  const forced: ForcedResult[] = [];
  let typed = '';
  let actionsAt: number | undefined;
  let timedOutAt: number | undefined;
  let loginAt: number | undefined;
  let errorClass: string | undefined;
  let lastError = '';

  function results({ value, at }: LogLine): LavaEvent | undefined {
    const result = readResult(value);
    if (result === undefined) return undefined;
    if (result.suite !== 'lava') {
      const waiting = forced.findLast((f) => f.suite === undefined && f.name === result.name);
      if (waiting) waiting.suite = result.suite;
      return result.passed ? 'case-passed' : undefined;
    }
    if (!result.passed || !isLogin(result.name)) return undefined;
    loginAt = at ?? loginAt;
    return 'login';
  }

  function failed({ at }: LogLine, text: string): void {
    if (/ timed out after \d+ seconds/.test(text)) timedOutAt = at ?? timedOutAt;
    errorClass = /^([A-Z]\w*(?:Error|Bug|Canceled)): /.exec(text)?.[1] ?? errorClass;
    if (text !== '' && text !== lastError) errors.push(text);
    lastError = text;
  }

  return {
    line: (line) => {
      const text = line.text ?? '';
      switch (line.level) {
        case 'input':
          typed = text.trim();
          return undefined;
        case 'results':
          return results(line);
        case 'error':
        case 'exception':
          failed(line, text);
          return undefined;
        default:
      }
      if (text.startsWith('start: 1 ')) actionsAt ??= line.at;
      const { name, result } = FORCED.exec(text)?.groups ?? {};
      if (name !== undefined && result !== undefined && forced.length < MAX_FORCED)
        forced.push({ suite: undefined, name, result });
      return readAction(text);
    },
    facts: () => ({ actionsAt, timedOutAt, loginAt, errorClass, lavaErrors: errors.text(), forced }),
    isEcho: (raw) => typed !== '' && raw.trimEnd().endsWith(typed),
  };
}

// lava_dispatcher/actions/test/mixins.py, LAVA 2026.04 and newer.
const FORCED = /^Forcing unexpected '(?<name>.{1,500})' result '(?<result>\w{1,20})' to 'fail'/;

/**
 * Where LAVA begins or ends one of the definition's actions: "start: 2 boot-image-retry (timeout 00:02:00) [common]". Its kind
 * is in its name (the actions' `name` in lava_dispatcher/actions); the parts of an action have a dot in their number.
 */
function readAction(text: string): LavaEvent | undefined {
  if (!text.startsWith('start: ') && !text.startsWith('end: ')) {
    return text === 'Cleaning after the job' ? 'other' : undefined;
  }
  const [, word, level, name = ''] = /^(start|end): (\d{1,4}) ([\w.-]{1,100})/.exec(text) ?? [];
  if (word === undefined || level === '0') return undefined;
  if (word === 'end') return 'action-ended';
  if (/\btest\b|monitor|interactive/.test(name)) return 'test';
  return /deploy|finalize|command|^nexell|flash-/.test(name) ? 'other' : 'boot';
}

function readResult(value: unknown): { suite: string; name: string; passed: boolean } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('definition' in value) || !('case' in value) || !('result' in value)) return undefined;
  return {
    suite: String(value.definition),
    name: String(value.case),
    passed: value.result === 'pass',
  };
}

/** LAVA's cases that say whether somebody could log in (or that a prompt came). */
export function isLogin(name: string): boolean {
  return name === 'login-action' || name === 'auto-login-action';
}
