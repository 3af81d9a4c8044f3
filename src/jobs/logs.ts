// Publishes a job's logs for people: the console as text, and all of LAVA's lines. The paths are fixed for an attempt,
// so that a repeated stage writes the same files again.
import { Readable } from 'node:stream';
import { LogReader } from '../lava/log.ts';
import { LOG_VIEWS } from '../lava/log-views.ts';
import type { LogLine } from '../lava/model.ts';
import { contentTypeOf } from '../storage/log-store.ts';
import type { AttemptRecord, JobRecord, NewDelivery } from '../store/index.ts';
import type { Context } from './context.ts';

export interface PublishedLogs {
  /** The console, for people. */
  logUrl: string | undefined;
  outputFiles: { name: string; url: string }[];
  /** For Maestro's node. */
  artifacts: Record<string, string>;
  /** What is still to be uploaded. */
  deliveries: NewDelivery[];
}

/** Writes (or hands to the outbox) the logs of the attempt that counts. Nothing if it left none. */
export async function publishLogs(
  job: JobRecord,
  attempt: AttemptRecord | undefined,
  ctx: Context,
): Promise<PublishedLogs> {
  const published: PublishedLogs = { logUrl: undefined, outputFiles: [], artifacts: {}, deliveries: [] };
  if (attempt?.log === null || attempt === undefined) return published;
  const folder = `${cleanName(job.name)}-${job.nodeId}/${attempt.n}`;
  for (const view of LOG_VIEWS) {
    const path = `${folder}/${view.file}`;
    const url = ctx.logs.urlOf(path);
    const text = view.render(linesOf(attempt.log, ctx), {
      title: `${job.name} on ${job.board}, LAVA job ${attempt.lavaId ?? ''}`,
    });
    if (ctx.logs.local)
      await ctx.logs.local.put(path, Readable.from(text, { objectMode: false }), contentTypeOf(path));
    else {
      await ctx.blobs.put(`upload/${path}`, text);
      published.deliveries.push({ destination: 'storage', kind: path, body: JSON.stringify({ path }) });
    }
    if (view.isMain) published.logUrl = url;
    else published.outputFiles.push({ name: view.file, url });
    published.artifacts[view.artifact] = url;
  }
  return published;
}

/** A log's lines, as they are read from the disk. */
export async function* linesOf(name: string, ctx: Context): AsyncGenerator<LogLine[]> {
  const reader = new LogReader();
  for await (const chunk of ctx.blobs.read(name)) yield reader.push(chunk);
  yield reader.end();
}

function cleanName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 150) || 'job';
}
