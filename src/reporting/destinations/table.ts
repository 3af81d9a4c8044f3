// The table of destinations: all places that reports go to.
import type { Destination, OpenDestination, Parts } from './destination.ts';
import { openKcidb } from './kcidb.ts';
import { openMaestro } from './maestro.ts';
import { openStorage } from './storage.ts';
import { openTelemetry } from './telemetry.ts';

/** In the order in which `check` shows them. `title` is for people. */
export const DESTINATIONS: readonly { title: string; open: OpenDestination }[] = [
  { title: 'Maestro', open: openMaestro },
  { title: 'KCIDB', open: openKcidb },
  { title: 'storage', open: openStorage },
  { title: 'telemetry', open: openTelemetry },
];

/** Those that the configuration names. */
export function openDestinations(parts: Parts): Destination[] {
  return DESTINATIONS.flatMap(({ open }) => {
    const opened = open(parts);
    return 'off' in opened ? [] : [opened];
  });
}
