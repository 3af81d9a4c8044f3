// Sets aside what was under way in two crashes of the daemon, a job or a delivery, so that the rest goes on.
import type { Logger } from 'pino';
import type { CrashGuard } from '../engine/crash-guard.ts';
import { deliveryOfItem } from '../engine/outbox.ts';
import type { DeliveryRecord, Store } from '../store/index.ts';

export interface SetAsidePorts {
  store: Pick<Store, 'setAside' | 'deliveries' | 'saveDelivery'>;
  guard: Pick<CrashGuard, 'start'>;
  log: Logger;
}

const WHY = 'it was under way in two crashes of the daemon; `lava-bridge jobs retry` takes it up again';

/** To be called before any work begins. */
export async function setAsideWhatKills({ store, guard, log }: SetAsidePorts): Promise<void> {
  for (const item of await guard.start()) {
    const delivery = deliveryOfItem(item);
    if (delivery !== undefined) await setDeliveryAside(delivery, { store, log });
    else if (await store.setAside(item, { code: 'crashes', text: WHY })) {
      log.error({ job: item }, 'the job is set aside: it was under way in two crashes of the daemon');
    }
  }
}

/** What a job waits for is parked; what none waits for is dropped. */
async function setDeliveryAside(
  { id, jobId }: Pick<DeliveryRecord, 'id' | 'jobId'>,
  { store, log }: Omit<SetAsidePorts, 'guard'>,
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
