// `lava-bridge submit`: a request by hand.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { errorText, RequestError } from '../core/errors.ts';
import { parseJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { printable } from '../core/printable.ts';
import { configOption, daemonOf, jsonOption, print, printJson, type Daemon } from './common.ts';
import { summaryOf } from './job-text.ts';
import { succeeded, waitForEnd } from './jobs.ts';

interface Options {
  request: string;
  wait?: true;
  config: string;
  json?: true;
}

export function addSubmit(program: Command): void {
  program
    .command('submit')
    .description('give the running daemon a request')
    .requiredOption('--request <file>', 'the request, JSON ("-": standard input)')
    .option('--wait', 'until it has ended; exit 1 unless it passed or was skipped')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(submit);
}

async function submit(options: Options): Promise<void> {
  const daemon = await daemonOf(options.config);
  const request = await readRequest(options.request);
  const answer = await daemon.post('/api/v1/requests', request, { 'x-lava-bridge-source': 'hand' });
  const { id } = z.looseObject({ id: z.string() }).parse(answer);
  if (!options.wait) {
    if (options.json) printJson(answer);
    else print(`${id}: received; follow it with: lava-bridge jobs show ${id}`);
    return;
  }
  await showEnd(daemon, id, options.json === true);
}

/** Waits for the end of a job and prints it, its progress on standard error; exit code 1 unless it passed. */
export async function showEnd(daemon: Daemon, id: string, json: boolean): Promise<void> {
  const job = await waitForEnd(daemon.get, id, (seen) => {
    const why = seen.reason === null ? '' : `, waits: ${seen.reason}`;
    process.stderr.write(`${printable(`${id}: ${seen.stage}${why}`)}\n`);
  });
  if (json) printJson(job);
  else print(printable(`${id}: ${job.result ?? job.stage}; ${summaryOf(job)}`));
  if (!succeeded(job)) process.exitCode = 1;
}

async function readRequest(file: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  if (file === '-') for await (const chunk of process.stdin) chunks.push(z.instanceof(Buffer).parse(chunk));
  const text = file === '-' ? Buffer.concat(chunks).toString('utf8') : await readFile(file, 'utf8');
  try {
    return parseJson(text, PARSE_LIMITS.file);
  } catch (error) {
    throw new RequestError('bad_json', `${file}: ${errorText(error)}`);
  }
}
