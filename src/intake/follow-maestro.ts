// All that the daemon follows in Maestro: its jobs, its builds where plans are started on them, and its pub/sub where the
// configuration wants that. Pub/sub only rings the bells of the others, so that they look at once.
import { BridgeError, errorText } from '../core/errors.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { MaestroClient } from '../maestro/client.ts';
import { followNodes, type NodeNews } from '../maestro/pub-sub.ts';
import type { Store } from '../store/index.ts';
import type { HostFetch } from './host-fetch.ts';
import { createMaestroIntake, type IntakePorts } from './maestro-intake.ts';
import { createBell } from './polling.ts';
import { createTriggers, hasTriggers, type TriggerPorts } from './triggers.ts';

/** What it uses. */
export type FollowPorts = IntakePorts &
  TriggerPorts & {
    config: Pick<BridgeConfig, 'labs'>;
    store: Pick<Store, 'instanceId'>;
  };

/** Runs until the signal fires. */
export async function followMaestro(
  ports: FollowPorts,
  client: MaestroClient,
  settings: NonNullable<BridgeConfig['maestro']>,
  fetch: HostFetch,
  signal: AbortSignal,
): Promise<void> {
  const { log } = ports;
  const jobs = createBell();
  const builds = createBell();

  function onNews(news: NodeNews | undefined): void {
    if (news === undefined || isJob(news, ports)) jobs.ring();
    if (news === undefined || (news.kind === 'kbuild' && news.state === 'available')) builds.ring();
  }

  function onState(failure: unknown): void {
    if (failure === undefined) return log.info('Maestro’s pub/sub is listened to');
    const code = failure instanceof BridgeError ? failure.code : 'internal';
    const why = errorText(failure);
    return log.warn({ code, why }, `Maestro’s pub/sub is not heard; its events are polled as before: ${why}`);
  }

  await Promise.all([
    createMaestroIntake(ports, client, settings, fetch, jobs).run(signal),
    hasTriggers(ports.config) && createTriggers(ports, client, settings, builds).run(signal),
    settings.pubsub &&
      followNodes(
        { pubSub: client.pubSub, name: `lava-bridge-${ports.store.instanceId}:node`, onNews, onState },
        signal,
      ),
  ]);
}

/** Jobs of all labs come by; only ours are worth a look. */
function isJob({ kind, state, data }: NodeNews, { labs }: Pick<FollowPorts, 'labs'>): boolean {
  return kind === 'job' && (state === 'available' || state === 'running') && labs.has(data?.runtime ?? '');
}
