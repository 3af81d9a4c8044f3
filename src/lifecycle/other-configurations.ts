// Whether the daemons that share a database have the same configuration, files and version: each keeps marks of its own in the
// database, and says of each other one in what they differ.
import type { Logger } from 'pino';
import { z } from 'zod';
import { differingKeys, type Marks } from '../config/marks.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { configurationState } from '../store/index.ts';

/** A daemon, as the database knows it; `names`: the work that it can do. */
interface Process {
  id: string;
  host: string;
  pid: number;
  version: string;
  names: readonly string[];
}

/** What is known of the configurations of other daemons. */
export interface OtherConfigurations {
  /** This daemon's marks, to be kept. */
  ownState: () => { name: string; text: string };
  /** Learns from a state that another daemon kept; false: it is of something else. */
  learn: (name: string, body: string) => boolean;
  /** Compares with all that are there; what is new is said in the journal. */
  compare: (processes: readonly Process[]) => void;
  /** In what that daemon differs from this one. */
  differs: (id: string) => readonly string[];
}

const StoredMarks = z.record(z.string(), z.string());
const PREFIX = configurationState('');

/** `own`: this daemon's marks as they are now; `id`: that of this daemon. */
export function createOtherConfigurations(id: string, own: () => Marks, log: Logger): OtherConfigurations {
  const heard = new Map<string, Marks>();
  let known = new Map<string, readonly string[]>();

  function differences(mine: Process, other: Process): string[] {
    const marks = heard.get(other.id);
    return [
      ...(mine.version === other.version ? [] : ['version']),
      ...(marks === undefined ? [] : differingKeys(own(), marks)),
    ];
  }

  function say(mine: Process, other: Process, before: readonly string[], keys: readonly string[]): void {
    const daemon = `${other.host}:${other.pid}`;
    if (keys.length === 0) {
      if (before.length > 0) log.info({ daemon }, `${daemon} has the same configuration now`);
      return;
    }
    const onlyHere = mine.names.filter((name) => !other.names.includes(name));
    const onlyThere = other.names.filter((name) => !mine.names.includes(name));
    const alone =
      onlyHere.length + onlyThere.length === 0
        ? ''
        : '; what only one daemon knows is done by that one alone, and waits while it is away';
    const text = `${daemon} has another configuration than this daemon: ${keys.join(', ')} (lava-bridge labs)${alone}`;
    log.warn({ daemon, keys, onlyHere, onlyThere }, text);
  }

  return {
    ownState: () => ({ name: configurationState(id), text: JSON.stringify(own()) }),
    learn(name, body) {
      if (!name.startsWith(PREFIX)) return false;
      const { data } = StoredMarks.safeParse(tryJson(body, PARSE_LIMITS.file));
      if (data !== undefined) heard.set(name.slice(PREFIX.length), data);
      return true;
    },
    compare(processes) {
      // One that stops can do nothing any more.
      const living = processes.filter(({ names }) => names.length > 0);
      for (const one of heard.keys()) if (!living.some((process) => process.id === one)) heard.delete(one);
      const mine = living.find((process) => process.id === id);
      if (mine === undefined) return;
      const now = new Map<string, readonly string[]>();
      for (const other of living.filter((process) => process.id !== id)) {
        const keys = differences(mine, other);
        const before = known.get(other.id) ?? [];
        if (keys.join() !== before.join()) say(mine, other, before, keys);
        now.set(other.id, keys);
      }
      known = now;
    },
    differs: (other) => known.get(other) ?? [],
  };
}
