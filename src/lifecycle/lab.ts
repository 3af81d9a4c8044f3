// One lab as the stages see it: its LAVA behind a circuit, questions about many jobs joined into one call, and an
// inventory that is not asked for more often than it changes.
import { TemporaryError } from '../core/errors.ts';
import { createGate, type Order } from '../core/gate.ts';
import { outsideWait } from '../core/outside-wait.ts';
import { createCircuit, type CircuitOptions, type CircuitState } from '../engine/circuit.ts';
import { HOUR, MINUTE, SECOND, type Clock } from '../core/time.ts';
import type { LabConfig } from '../config/schema.ts';
import type { LavaClient, ShownJob } from '../lava/client.ts';
import type { DeviceEvent, WorkerEvent } from '../lava/events.ts';
import { lavaHas, type LavaFeature } from '../lava/features.ts';
import { readInventory, takesJobs, type Inventory } from '../lava/inventory.ts';
import type { LavaJobInfo } from '../lava/model.ts';
import { IN_FLIGHT } from '../lava/xmlrpc.ts';

/** A lab as the jobs use it: its LAVA behind a circuit, and what is known of its devices. */
export interface Lab {
  name: string;
  config: LabConfig;
  /** Runs a call to the lab's LAVA, two at once; throws at once while the lab is away. One that has time comes after the others. */
  call: <T>(work: (client: LavaClient) => Promise<T>, order?: Order) => Promise<T>;
  /** What LAVA says of a job now; undefined if it knows none. Calls made within a moment are one XML-RPC call. */
  show: (id: number) => Promise<LavaJobInfo | undefined>;
  /** Devices and queue; at most `maxAge` (ms) old, or as old as they may be while LAVA's events come in or do not. */
  inventory: (maxAge?: number) => Promise<Inventory>;
  /** What LAVA said of them last, however long ago; undefined: it was not asked yet, or did not answer. */
  knownInventory: () => { at: number; inventory: Inventory } | undefined;
  /** LAVA's events come in from now on, or do not. */
  setFollowed: (followed: boolean) => void;
  /** Takes up what LAVA reports of a device or worker; true if it changes what the lab can run. */
  noticed: (event: DeviceEvent | WorkerEvent) => boolean;
  state: () => CircuitState;
  /** Whether its LAVA can do that; asks for the version if that was not asked for within the hour. */
  has: (feature: LavaFeature) => Promise<boolean>;
  /** The same as known without asking; undefined: not known yet. */
  isKnownToHave: (feature: LavaFeature) => boolean | undefined;
  /** How many XML-RPC requests were made. */
  calls: () => number;
}

interface Options {
  config: LabConfig;
  client: LavaClient;
  now: Clock;
  onChange: (state: CircuitState) => void;
  /** LAVA said at `at` (ms) what devices it has. */
  onInventory?: ((inventory: Inventory, at: number) => void) | undefined;
  /** As a circuit's. */
  onCall?: CircuitOptions['onCall'];
}

/** How old an inventory may be with LAVA's events, and without. */
const FOLLOWED_AGE = 5 * MINUTE;
const UNFOLLOWED_AGE = 30 * SECOND;
/** An upgrade of LAVA is noticed within this time. */
const VERSION_AGE = HOUR;
const GATHER = 25;
const MOST_AT_ONCE = 100;

/** `onChange` is called when the lab goes away or comes back. */
export function createLab({ config, client, now, onChange, onInventory, onCall }: Options): Lab {
  const circuit = createCircuit({ name: config.name, now, onChange, onCall });
  const gate = createGate(IN_FLIGHT);
  let requests = 0;
  let followed = false;
  let known: { at: number; inventory: Promise<Inventory> } | undefined;
  let lastAnswer: { at: number; inventory: Inventory } | undefined;
  let version: { at: number; text: string } | undefined;
  let asked: Promise<string> | undefined;
  // What is known of each device and worker, so that only news makes the inventory old.
  const lastWord = new Map<string, string>();

  function call<T>(work: (client: LavaClient) => Promise<T>, order?: Order): Promise<T> {
    // The client has a gate for its requests. This one stands before the circuit: a call that waited at it fails at once
    // when the lab is found to be away, and stores its intent in the moment that it goes out.
    return gate(
      () =>
        circuit.run(() => {
          requests += 1;
          return work(client);
        }),
      order,
    );
  }

  function remember({ boards }: Inventory): void {
    for (const { name, online } of boards) {
      if (online) lastWord.set(`device ${name}`, HEALTHY);
      else lastWord.delete(`device ${name}`);
    }
  }

  function readAgain(): Promise<Inventory> {
    const fetched = { at: now(), inventory: call(readInventory) };
    known = fetched;
    fetched.inventory
      .then((inventory) => {
        lastAnswer = { at: fetched.at, inventory };
        onInventory?.(inventory, fetched.at);
        if (known === fetched) remember(inventory);
        return undefined;
      })
      .catch(() => {
        if (known === fetched) known = undefined;
      });
    return fetched.inventory;
  }

  return {
    name: config.name,
    config,
    call,
    show: createShow((ids) => call((c) => c.show(ids))),
    inventory(maxAge = followed ? FOLLOWED_AGE : UNFOLLOWED_AGE) {
      // Others may have asked, too, or first.
      return outsideWait(() =>
        known !== undefined && Math.abs(now() - known.at) <= maxAge ? known.inventory : readAgain(),
      );
    },
    knownInventory: () => lastAnswer,
    setFollowed(isFollowed) {
      followed = isFollowed;
      known = undefined;
    },
    noticed(event) {
      const key = `${event.kind} ${event.name}`;
      const word = wordOf(event);
      if (lastWord.get(key) === word) return false;
      lastWord.set(key, word);
      known = undefined;
      return true;
    },
    state: circuit.state,
    async has(feature) {
      if (version === undefined || Math.abs(now() - version.at) > VERSION_AGE) {
        asked ??= call((c) => c.version()).finally(() => (asked = undefined));
        const asking = asked;
        version = { at: now(), text: await outsideWait(() => asking) };
      }
      return lavaHas(feature, version.text);
    },
    isKnownToHave: (feature) => (version === undefined ? undefined : lavaHas(feature, version.text)),
    calls: () => requests,
  };
}

const HEALTHY = 'healthy';

/** What counts of an event. A device that begins or ends a job is no news. */
function wordOf(event: DeviceEvent | WorkerEvent): string {
  if (event.kind === 'worker') return `${event.state} ${event.health}`;
  return takesJobs(event.health) ? HEALTHY : event.health;
}

type ShowMany = (ids: number[]) => Promise<Map<number, ShownJob>>;

/** Gathers the ids that are asked for within a moment into one question. */
function createShow(showMany: ShowMany): Lab['show'] {
  let waiting: { ids: Set<number>; answer: ReturnType<ShowMany> } | undefined;

  function gather(): NonNullable<typeof waiting> {
    const ids = new Set<number>();
    const answer = new Promise<void>((resolve) => {
      setTimeout(resolve, GATHER);
    }).then(() => {
      if (waiting?.ids === ids) waiting = undefined;
      return showMany([...ids]);
    });
    return { ids, answer };
  }

  return async (id) => {
    if (waiting === undefined || waiting.ids.size >= MOST_AT_ONCE) waiting = gather();
    waiting.ids.add(id);
    const { answer } = waiting;
    const shown = (await outsideWait(() => answer)).get(id);
    if (shown === undefined) throw new TemporaryError('no_answer', `LAVA did not answer for its job ${id}`);
    if (shown.kind === 'failed') throw new TemporaryError('no_answer', `LAVA job ${id}: ${shown.reason}`);
    return shown.kind === 'job' ? shown.job : undefined;
  };
}
