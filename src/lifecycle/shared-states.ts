// What only the daemon that does a work knows of it (a lab's state and devices, a destination's), kept in the database so that
// each daemon shows the same, with its age; and who does what.
import type { Logger } from 'pino';
import { z } from 'zod';
import { TemporaryError } from '../core/errors.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { SECOND, sleep, type Clock } from '../core/time.ts';
import type { Outage } from '../engine/outage.ts';
import type { LeaseStore } from '../store/index.ts';
import type { Marks } from '../config/marks.ts';
import type { CallbackWatch } from './callback-watch.ts';
import { heardState, learnHeard } from './heard-callbacks.ts';
import type { Lab } from './lab.ts';
import { createOtherConfigurations } from './other-configurations.ts';
import { knownParts, PART_KINDS, type KnownPart, type Part, type PartState } from './parts.ts';

/** A daemon, as people know it. */
export interface Daemon {
  /** `host:pid`. */
  name: string;
  version: string;
  /** ms. */
  startedAt: number;
  /** It is the one that says this. */
  isOwn: boolean;
  /** The work that it does. */
  holds: string[];
  /** The keys of the configuration, and the files, in which it differs from the one that says this; `version`. */
  differs: readonly string[];
}

/** The states of all that is worked on, whoever does it. */
export interface SharedStates {
  /** Keeps them up to date until the signal fires. */
  run: (signal: AbortSignal) => Promise<void>;
  parts: () => Promise<KnownPart[]>;
  /** The labs, to be shown: with what their holder knows of them, and asked by it alone. */
  labs: ReadonlyMap<string, Lab>;
  /** All daemons on the database; empty where one has the store alone. */
  daemons: () => readonly Daemon[];
}

interface Options {
  leases: Pick<LeaseStore, 'processId' | 'sharedWork' | 'saveState' | 'states'> | undefined;
  parts: readonly Part[];
  callbackWatch: Pick<CallbackWatch, 'heard' | 'learn'>;
  labs: ReadonlyMap<string, Lab>;
  /** Of this daemon's configuration and files, as they are now. */
  marks: () => Marks;
  storeOutage: Outage;
  log: Logger;
  now: Clock;
}

const EVERY = 2 * SECOND;
/** What has not changed is stored again after this (ms), so that its age says whether its holder lives. */
const STORED_EVERY = 30 * SECOND;
/** What is older says nothing of now (ms). */
const KNOWN_FOR = 3 * STORED_EVERY;

const nullable = <T extends z.ZodType>(type: T) => type.nullable().transform((value) => value ?? undefined);
const State = z.object({
  status: z.enum(['up', 'down', 'unknown']),
  since: z.number(),
  answeredAt: nullable(z.number()),
  why: nullable(z.string()),
});
const Stored = z.object({
  parts: z.array(State.extend({ kind: z.enum(PART_KINDS), name: z.string() })),
  devices: z
    .object({
      at: z.number(),
      boards: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          tags: z.array(z.string()),
          online: z.boolean(),
          unseenWorker: nullable(z.string()),
          free: z.boolean(),
          reason: nullable(z.string()),
        }),
      ),
      queued: z.array(z.tuple([z.string(), z.number()])),
    })
    .nullable(),
  calls: z.number(),
});
type Stored = z.infer<typeof Stored>;

/** By the kind of part, the work whose holder knows of it. Of the store each daemon knows by itself. */
const WORK_OF: Partial<Record<KnownPart['kind'], string>> = {
  lab: 'lab',
  events: 'lab',
  // Whether a job that ended had a callback; what each daemon hears is told to the holder.
  callbacks: 'lab',
  destination: 'destination',
};

/** Nothing is known of others before it runs. */
export function createSharedStates(options: Options): SharedStates {
  const { leases, parts, labs, now } = options;
  if (leases === undefined) {
    return { run: async () => undefined, parts: () => knownParts(parts, now), labs, daemons: () => [] };
  }
  return createAmongOthers({ ...options, leases });
}

/** A state of this daemon's to be kept. `urgent`: the part of it that others are to know at once; all of it if it is not there. */
interface OwnState {
  name: string;
  text: string;
  urgent?: string;
}

/** Keeps states in the database, no more often than they need. */
function createKeeper(
  saveState: LeaseStore['saveState'],
  now: Clock,
): { keep: (state: OwnState) => Promise<void>; isKept: (state: OwnState) => boolean } {
  const kept = new Map<string, { text: string; urgent: string; at: number }>();
  return {
    isKept: ({ name, text }) => kept.get(name)?.text === text,
    async keep({ name, text, urgent = text }) {
      const last = kept.get(name);
      if (last?.urgent === urgent && now() - last.at < STORED_EVERY) return;
      await saveState(name, text);
      kept.set(name, { text, urgent, at: now() });
    },
  };
}

function devicesOf(lab: Pick<Lab, 'knownInventory'>): object | null {
  const known = lab.knownInventory();
  if (known === undefined) return null;
  const { boards, queued } = known.inventory;
  return { at: known.at, boards, queued: [...queued] };
}

function createAmongOthers({
  leases,
  parts,
  callbackWatch,
  labs,
  marks,
  storeOutage,
  log,
  now,
}: Options & { leases: NonNullable<Options['leases']> }): SharedStates {
  let daemons: Daemon[] = [];
  let own = new Set<string>();
  const others = new Map<string, Stored & { at: number }>();
  const configurations = createOtherConfigurations(leases.processId, marks, log);
  const { keep, isKept } = createKeeper(leases.saveState, now);

  async function storedOf(name: string): Promise<string> {
    const [kind, which] = [name.slice(0, name.indexOf(' ')), name.slice(name.indexOf(' ') + 1)];
    const mine = parts.filter((part) => WORK_OF[part.kind] === kind && part.name === which);
    const lab = kind === 'lab' ? labs.get(which) : undefined;
    const devices = lab && devicesOf(lab);
    return JSON.stringify(
      { parts: await knownParts(mine, now), devices: devices ?? null, calls: lab?.calls() ?? 0 },
      (_key, value: unknown) => value ?? null,
    );
  }

  async function hearOthers(): Promise<void> {
    for (const { name, body, ageMs } of await leases.states()) {
      if (learnHeard(callbackWatch, name, body) || configurations.learn(name, body)) continue;
      const { data } = Stored.safeParse(tryJson(body, PARSE_LIMITS.file));
      if (data === undefined) continue;
      others.set(name, { ...data, at: now() - ageMs });
      const callbacks = data.parts.find(({ kind }) => kind === 'callbacks');
      if (callbacks !== undefined)
        callbackWatch.learn(callbacks.name, { acceptedAt: callbacks.answeredAt, refused: [] });
    }
  }

  async function round(): Promise<void> {
    const { processes, leases: held } = await leases.sharedWork();
    const mine = held.flatMap(({ name, holder }) => (holder === leases.processId ? [name] : []));
    for (const name of mine.filter((one) => /^(?:lab|destination) /.test(one))) {
      await keep({ name, text: await storedOf(name) });
    }
    own = new Set(mine);
    if (processes.length > 1) {
      await keep(configurations.ownState());
      for (const lab of labs.keys()) {
        const heard = own.has(`lab ${lab}`) ? undefined : heardState(callbackWatch, lab);
        if (heard !== undefined && !isKept(heard)) await keep(heard);
      }
      await hearOthers();
    }
    configurations.compare(processes);
    daemons = processes.map(({ id, host, pid, version, startedAt }) => ({
      name: `${host}:${pid}`,
      version,
      startedAt,
      isOwn: id === leases.processId,
      holds: held.flatMap(({ name, holder }) => (holder === id ? [name] : [])),
      differs: configurations.differs(id),
    }));
  }

  /** What another daemon said of the part; undefined: this one knows best. */
  function saidOf(kind: KnownPart['kind'], name: string): PartState | undefined {
    const work = WORK_OF[kind];
    if (work === undefined || own.has(`${work} ${name}`)) return undefined;
    const said = others.get(`${work} ${name}`);
    const state = said?.parts.find((part) => part.kind === kind);
    if (said === undefined || state === undefined || now() - said.at <= KNOWN_FOR) return state;
    return { ...state, status: 'unknown', why: undefined };
  }

  function shown(lab: Lab): Lab {
    const isOwn = (): boolean => own.has(`lab ${lab.name}`);
    const said = (): Stored | undefined => (isOwn() ? undefined : others.get(`lab ${lab.name}`));
    const knownInventory: Lab['knownInventory'] = () => {
      const devices = said()?.devices ?? undefined;
      if (devices === undefined) return lab.knownInventory();
      return { at: devices.at, inventory: { boards: devices.boards, queued: new Map(devices.queued) } };
    };
    return {
      ...lab,
      state: () => {
        const state = saidOf('lab', lab.name);
        return state === undefined ? lab.state() : { ...state, retryAt: undefined };
      },
      knownInventory,
      async inventory(maxAge) {
        if (isOwn()) return lab.inventory(maxAge);
        const known = knownInventory();
        if (known !== undefined) return known.inventory;
        throw new TemporaryError('lost_lease', `${lab.name} is asked by another daemon`);
      },
      calls: () => said()?.calls ?? lab.calls(),
    };
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        await round().catch(storeOutage.failed);
        await sleep(EVERY, signal);
      }
    },
    parts: async () =>
      (await knownParts(parts, now)).map((part) => ({ ...part, ...saidOf(part.kind, part.name) })),
    labs: new Map([...labs].map(([name, lab]) => [name, shown(lab)])),
    daemons: () => daemons,
  };
}
