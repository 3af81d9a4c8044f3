// The list of all parts whose state is known: made once, when the daemon is built.
import type { Clock } from '../core/time.ts';
import type { Circuit } from '../engine/circuit.ts';
import type { Outage } from '../engine/outage.ts';
import type { Destination } from '../reporting/destinations/destination.ts';
import type { Store } from '../store/index.ts';
import type { CallbackWatch } from './callback-watch.ts';
import type { Lab } from './lab.ts';
import type { StoreHealth } from './store-health.ts';
import { ASK_EVERY, createHeard, type Heard, type Part } from './parts.ts';

interface Options {
  labs: ReadonlyMap<string, Lab>;
  callbackWatch: Pick<CallbackWatch, 'state'>;
  destinations: readonly (Pick<Destination, 'name' | 'check'> & { circuit: Circuit })[];
  store: Pick<Store, 'probe'>;
  storeHealth: Pick<StoreHealth, 'withProblems' | 'explain'> & { outage: Outage };
  now: Clock;
}

/** All parts, and by lab what its event stream is heard by. */
export interface AllParts {
  parts: readonly Part[];
  streams: ReadonlyMap<string, Heard>;
}

/** Makes the list of all parts, and what the event streams report to. */
export function allParts({ labs, callbackWatch, destinations, store, storeHealth, now }: Options): AllParts {
  const followed = [...labs.values()].filter(({ config }) => config.lava.events !== false);
  const streams = new Map(followed.map(({ name }) => [name, createHeard(now)]));
  const ownStore = createHeard(now);
  const parts: Part[] = [];
  for (const lab of labs.values()) {
    parts.push({
      kind: 'lab',
      name: lab.name,
      state: lab.state,
      // What its devices do is then known as well.
      ask: () => lab.inventory(ASK_EVERY),
    });
    const stream = streams.get(lab.name);
    if (stream !== undefined) parts.push({ kind: 'events', name: lab.name, state: stream.state });
    parts.push({ kind: 'callbacks', name: lab.name, state: () => callbackWatch.state(lab.name) });
  }
  for (const { name, circuit, check } of destinations) {
    parts.push({
      kind: 'destination',
      name,
      state: circuit.state,
      ask: () => circuit.run(check),
    });
  }
  parts.push({
    kind: 'store',
    name: 'store',
    state: () => storeHealth.withProblems(ownStore.state()),
    ask: async () => {
      try {
        await store.probe();
      } catch (error) {
        ownStore.failed(storeHealth.explain(error));
        return storeHealth.outage.failed(error);
      }
      ownStore.answered();
      storeHealth.outage.worked();
    },
  });
  return { parts, streams };
}
