// Answers with a job's console, as far as it is or as it grows.
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HOUR } from '../core/time.ts';
import type { LiveLog } from '../lifecycle/live-log.ts';
import { refuseBusy } from './auth.ts';

/** A board may be silent for so long while its log is followed. */
const SILENCE = HOUR;

/** Fires when whoever asked is gone, or has their answer; they may be gone already. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (raw.closed) gone.abort();
  else raw.once('close', () => gone.abort());
  return gone.signal;
}

/** Answers with a job's log, in pieces while it grows if that is asked for. */
export function sendLog(
  log: LiveLog,
  jobId: string,
  { follow, raw }: { follow: boolean; raw: boolean },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers({ 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  // It has no length, and to count it would be to follow it.
  if (request.method === 'HEAD') return reply.send(null);
  const text = log.open(jobId, { follow, raw, signal: goneSignal(reply) });
  if (text === undefined)
    return refuseBusy(reply.type('application/json'), 'too many read logs at the moment');
  if (follow) request.raw.socket.setTimeout(SILENCE);
  return reply.send(Readable.from(text));
}
