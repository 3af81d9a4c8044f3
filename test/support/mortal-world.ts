// A world whose daemon dies at a given write and is started again on the same files, as systemd would.
import { openStore } from '../../src/store/index.ts';
import { mortalStore, type Death } from './mortal-store.ts';
import { atEnd, testWorld, until, type TestWorld } from './world.ts';

export interface MortalWorld {
  world: TestWorld;
  /** Fulfilled with the name of the last write when the second daemon runs. */
  reborn: Promise<string>;
  /** How many writes the first daemon did. */
  writes: () => number;
}

/** Starts a world. After its death the old daemon gets no answer from the store and can reach no server. */
export async function mortalWorld(
  death: Death,
  options: Omit<Parameters<typeof testWorld>[0] & object, 'store'> = {},
): Promise<MortalWorld> {
  let writes = (): number => 0;
  let died: Promise<string> = Promise.reject(new Error('no store was made'));
  died.catch(() => undefined);
  // Known only when the world stands; the store is made before.
  const daemon = Promise.withResolvers<{ stop: (graceMs: number) => Promise<void> }>();
  const world = await testWorld({
    ...options,
    store: async (file) => {
      const store = await openStore({ sqlite: file });
      // A dead process would leave it to the system; the daemon closes it if it did not die.
      atEnd(() => store.close().catch(() => undefined));
      const mortal = mortalStore(store, death, () => {
        void daemon.promise.then(({ stop }) => stop(0));
      });
      ({ died, writes } = mortal);
      return mortal.store;
    },
  });
  daemon.resolve(world.daemon);
  const reborn = died.then(async (last) => {
    await until('the port is free', async () => {
      try {
        await world.restart();
        return true;
      } catch {
        return undefined;
      }
    });
    return last;
  });
  reborn.catch(() => undefined);
  return { world, reborn, writes: () => writes() };
}
