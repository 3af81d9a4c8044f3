// Takes in what Maestro's feed finds. A node that can't be made a request is stored as rejected, so that it is ended
// with the reason.
import { PermanentError, RequestError } from '../core/errors.ts';
import type { MaestroClient } from '../maestro/client.ts';
import { createFeed, type CursorStore, type Feed, type Found } from './feed.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { Logger } from 'pino';
import type { Clock } from '../core/time.ts';
import type { EarlierRuns } from '../lifecycle/earlier-runs.ts';
import type { Store } from '../store/index.ts';
import type { Bell } from './polling.ts';
import type { HostFetch } from './host-fetch.ts';
import { receive, type ReceivePorts } from './receive.ts';
import { createTakeIn, type TakeInPorts } from './take-in.ts';
import { settingKey } from '../store/settings.ts';

/** What following Maestro's jobs uses. */
export type IntakePorts = ReceivePorts &
  CursorPorts &
  TakeInPorts & {
    config: Pick<BridgeConfig, 'requests'>;
    earlier: Pick<EarlierRuns, 'mayBeOurs' | 'isOurs' | 'listed'>;
    log: Logger;
    now: Clock;
  };

/** Where it is kept how far Maestro's events were read. */
export interface CursorPorts {
  store: Pick<Store, 'setting' | 'saveSetting'>;
}

/** The feed of all labs that are served from Maestro. */
export function createMaestroIntake(
  ports: IntakePorts,
  client: MaestroClient,
  settings: NonNullable<BridgeConfig['maestro']>,
  fetch: HostFetch,
  bell?: Bell,
): Feed {
  return createFeed({
    client,
    runtimes: [...ports.labs.values()].map(({ name, config }) => ({
      name,
      accept: config.accept.filter((way) => way === 'pull_labs' || way === 'lava_pull'),
    })),
    fetch: (url, signal) =>
      fetch(url, { maxBytes: ports.config.requests.max_size, ...(signal === undefined ? {} : { signal }) }),
    claims: ports.earlier,
    onListed: ports.earlier.listed,
    takeIn: createTakeIn(ports),
    receive: (found) => take(found, ports),
    reconcileMs: settings.reconcile_interval,
    pollMs: settings.poll_interval,
    bell,
    cursors: cursorsOf(ports),
    onState: (state, { code, text }) => {
      if (state === 'up') ports.log.info('Maestro is followed');
      else ports.log.warn({ code, why: text }, `requests of Maestro do not come in for now: ${text}`);
    },
    onProblem: (message) => ports.log.warn(message),
    clock: ports.now,
  });
}

/** How far the event history was read, kept in the store. */
export function cursorsOf({ store }: CursorPorts): CursorStore {
  return {
    load: async (name) => {
      const text = await store.setting(settingKey('cursor', name));
      return text === undefined ? undefined : Number(text);
    },
    save: (name, at) => store.saveSetting(settingKey('cursor', name), String(at)),
  };
}

async function take(found: Found, ports: IntakePorts): Promise<void> {
  if ('request' in found) {
    await receive(found.source, found.request, ports);
    return;
  }
  const { refusal, node, source } = found;
  const known =
    refusal instanceof RequestError
      ? refusal
      : new RequestError(refusal instanceof PermanentError ? refusal.code : 'bad_node', refusal.message);
  await receive(source, { node }, ports, known);
}
