// Feeds Maestro's statistics. They are no results: what Maestro does not take, or not within a day, is dropped, and no
// job waits for it.
import { z } from 'zod';
import { errorText, PermanentError, TemporaryError } from '../../core/errors.ts';
import { DAY, type Clock } from '../../core/time.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import { TelemetryEvent } from '../../maestro/telemetry.ts';
import type { Handler } from '../../engine/outbox.ts';

const Events = z.array(TelemetryEvent);

export function createTelemetryHandler(client: Pick<MaestroClient, 'telemetry'>, now: Clock): Handler {
  return async ({ body, createdAt }) => {
    try {
      await client.telemetry(Events.parse(JSON.parse(body)));
      return { kind: 'done', quiet: true };
    } catch (error) {
      const isRefused = error instanceof PermanentError && error.code !== 'maestro_auth';
      const isOld = error instanceof TemporaryError && now() - createdAt > DAY;
      if (isRefused || isOld) return { kind: 'dropped', why: errorText(error) };
      throw error;
    }
  };
}
