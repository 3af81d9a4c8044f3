// Sets aside what was under way in two crashes of the daemon, so that the rest goes on: a job or a delivery; or, after three,
// refuses a node of Maestro that was being taken in.
import type { Logger } from 'pino';
import { DAY, type Clock } from '../core/time.ts';
import type { CrashGuard } from '../engine/crash-guard.ts';
import { itemName, itemOf } from '../engine/work-item.ts';
import type { DeliveryRecord, Store } from '../store/index.ts';
import { settingKey, type SettingKey } from '../store/settings.ts';

export interface SetAsidePorts {
  store: Pick<Store, 'setAside' | 'deliveries' | 'saveDelivery' | 'saveSetting'>;
  guard: Pick<CrashGuard, 'learn'>;
  log: Logger;
  now: Clock;
}

/** A node of Maestro, and the lab that it is for. */
export interface NodePlace {
  lab: string;
  id: string;
}

/** How long a node is refused: Maestro has ended it by then. */
const REFUSED_FOR = 90 * DAY;

/** What the taking in of a node is called in the notes of what is under way. */
export function nodeItem({ lab, id }: NodePlace): string {
  return itemName({ kind: 'node', id, of: lab });
}

/** How many deaths set an item aside. A node's end in Maestro can't be taken back; the rest is taken up again by an order. */
export function deathsOf(name: string): number {
  return itemOf(name).kind === 'node' ? 3 : 2;
}

/** The name of the setting that is there if the node is to be refused, with the time of its last death. */
export function crashKey({ lab, id }: NodePlace): SettingKey {
  return settingKey('crashed', `${lab}:${id}`);
}

/** Forgets the nodes that were refused long ago. */
export function forgetCrashes({
  store,
  now,
}: {
  store: Pick<Store, 'dropSettings'>;
  now: Clock;
}): Promise<void> {
  return store.dropSettings('crashed', now() - REFUSED_FOR);
}

const WHY = 'it was under way in two crashes of the daemon; `lava-bridge jobs retry` takes it up again';

/** To be called before any work begins. */
export async function setAsideWhatKills({ store, guard, log, now }: SetAsidePorts): Promise<void> {
  for (const name of await guard.learn()) {
    const item = itemOf(name);
    if (item.kind === 'delivery') {
      await setDeliveryAside({ id: Number(item.id), jobId: item.of }, { store, log });
    } else if (item.kind === 'node') {
      const node = { lab: item.of, id: item.id };
      // What it is called is known when it is found again; it is stored as rejected then.
      await store.saveSetting(crashKey(node), String(now()));
      log.error(
        { lab: node.lab, node: node.id },
        'a node will be refused: it was being taken in in three crashes',
      );
    } else if (await store.setAside(item.id, { code: 'crashes', text: WHY })) {
      log.error({ job: item.id }, 'the job is set aside: it was under way in two crashes of the daemon');
    }
  }
}

/** What a job waits for is parked; what none waits for is dropped. */
async function setDeliveryAside(
  { id, jobId }: Pick<DeliveryRecord, 'id' | 'jobId'>,
  { store, log }: Pick<SetAsidePorts, 'store' | 'log'>,
): Promise<void> {
  const delivery = (await store.deliveries(jobId)).find((each) => each.id === id);
  if (delivery === undefined) return;
  const { destination, kind, required } = delivery;
  const state = required ? 'parked' : 'dropped';
  const text = `${kind} to ${destination}: ${state}: ${WHY}`;
  const isSaved = await store.saveDelivery(delivery, {
    delivery: { state, error: WHY },
    entries: [{ kind: 'error', code: 'crashes', text }],
    wakesJob: true,
  });
  if (isSaved) {
    log.error({ job: jobId, destination }, `a delivery is ${state}: it was under way in two crashes`);
  }
}
