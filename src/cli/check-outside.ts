// `lava-bridge check`: all that is elsewhere - the labs, and the destinations of reports, which look at themselves.
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { createMaestroClient, type MaestroClient } from '../maestro/client.ts';
import type { OpenDestination, Parts } from '../reporting/destinations/destination.ts';
import { DESTINATIONS } from '../reporting/destinations/table.ts';
import { storeOf } from '../daemon-parts.ts';
import { openLogStore } from '../storage/open.ts';
import { openState, type State } from '../store/index.ts';
import { lavaLab } from './check-lab.ts';
import type { Line } from './check-lines.ts';

/** All outside systems: checked at the same time, shown in a fixed order. */
export async function outside(config: BridgeConfig): Promise<Line[]> {
  const labs = config.labs.map((lab) => lavaLab(lab, config));
  const looks = [
    database(config),
    ...labs,
    ...DESTINATIONS.map(({ title, open }) => destination(title, open, config)),
  ];
  return (await Promise.all(looks)).flat();
}

/** A store that is elsewhere. */
async function database(config: BridgeConfig): Promise<Line[]> {
  const what = 'store';
  let state: State | undefined;
  try {
    state = await openState(storeOf(config));
    const found = await state.look();
    if (found === undefined) return [];
    const text = `${state.name}: PostgreSQL ${found.version}`;
    if (found.faults.length === 0) return [{ what, state: 'ok', text }];
    return found.faults.map((fault) => ({ what, state: 'failed', text: `${text}: ${fault}` }));
  } catch (error) {
    // A secret that is missing has its own line.
    if (error instanceof BridgeError && error.code === 'secret') return [];
    return [{ what, state: 'failed', text: errorText(error) }];
  } finally {
    await state?.close();
  }
}

async function destination(what: string, open: OpenDestination, config: BridgeConfig): Promise<Line[]> {
  let state: State | undefined;
  try {
    state = await openState(storeOf(config));
    const opened = open(partsOf(config, state));
    if ('off' in opened) return [{ what, state: 'ok', text: opened.off }];
    return (await opened.check()).map((finding) => ({ what, ...finding }));
  } catch (error) {
    // A secret that is missing has its own line.
    if (error instanceof BridgeError && error.code === 'secret') return [];
    return [{ what, state: 'failed', text: errorText(error) }];
  } finally {
    await state?.close();
  }
}

/** What destinations are made of, to be looked at alone; what needs a secret is made when it is asked for. */
function partsOf(config: BridgeConfig, state: State): Parts {
  return {
    config,
    get maestro() {
      return maestroOf(config);
    },
    get logs() {
      return openLogStore(config, state);
    },
    blobs: state.blobs,
    instanceId: '',
    now: Date.now,
  };
}

function maestroOf({ maestro }: BridgeConfig): MaestroClient | undefined {
  if (maestro === undefined) return undefined;
  const { url, token, timeout } = maestro;
  return createMaestroClient({ url, token: resolveSecret(token), timeoutMs: timeout });
}
