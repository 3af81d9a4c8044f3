// Takes each node in under the crash guard, and once. A node that makes the daemon die as it is taken in would be found
// again at every start: after three deaths it is refused, and only what can do no harm is stored of it.
import { RequestError, TemporaryError } from '../core/errors.ts';
import type { CrashGuard } from '../engine/crash-guard.ts';
import { crashKey, nodeItem, type NodePlace } from '../lifecycle/set-aside.ts';
import type { Store } from '../store/index.ts';

/** What taking nodes in uses. */
export interface TakeInPorts {
  store: Pick<Store, 'job' | 'setting'>;
  guard: Pick<CrashGuard, 'mayBegin' | 'watch'>;
}

/**
 * Does the work of taking a node in; `refusal` says that it made the daemon die. Gives false, without the work, if the
 * node was stored before. Throws TemporaryError `suspected` if it has to wait for its turn.
 */
export type TakeIn = (
  place: NodePlace,
  work: (refusal: RequestError | undefined) => Promise<void>,
) => Promise<boolean>;

/** Takes nodes in under this guard. */
export function createTakeIn({ store, guard }: TakeInPorts): TakeIn {
  return async (place, work) => {
    const item = nodeItem(place);
    if (!guard.mayBegin(item)) {
      throw new TemporaryError(
        'suspected',
        'it was being taken in when the daemon died, and waits until nothing else like it is under way',
      );
    }
    let isNew = false;
    await guard.watch(item, async () => {
      if ((await store.job(`${place.lab}:${place.id}`)) !== undefined) return;
      isNew = true;
      await work(await refusalOf(place));
    });
    return isNew;
  };

  async function refusalOf(place: NodePlace): Promise<RequestError | undefined> {
    if ((await store.setting(crashKey(place))) === undefined) return undefined;
    return new RequestError('crashes', 'the daemon died three times while it was taking the node in');
  }
}
