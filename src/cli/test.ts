// `lava-bridge test`: a kernel of one's own on a board of the lab, through everything but the reports.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { loadBoards } from '../catalog/boards.ts';
import { loadConfig } from '../config/load.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { shippedFolder } from '../core/shipped.ts';
import { LARGEST_FILE } from '../storage/own-files.ts';
import { configOption, daemonAt, print } from './common.ts';
import { ownRequest } from './own-request.ts';
import { renderRequest, setUp } from './render.ts';
import { showEnd } from './submit.ts';

interface Options {
  board: string;
  kernel: string;
  modules?: string;
  lab?: string;
  tests: string[];
  wait?: true;
  dry?: boolean;
  config: string;
}

export function addTest(program: Command): void {
  program
    .command('test')
    .description('run a kernel of your own on a board of the lab; the verdict is shown, nothing is reported')
    .requiredOption('--board <name>', 'on this board')
    .requiredOption('--kernel <file>', 'the kernel: a URL that LAVA can fetch, or a file here')
    .option('--modules <file>', 'its modules, likewise')
    .option('--lab <name>', 'in this lab (default: the only one)')
    .option('--tests <names>', 'what runs, by the names of plans: baseline,kselftest-dt', names, ['baseline'])
    .option('--wait', 'until they have ended; exit 1 unless all passed')
    .option('--dry', 'print the LAVA job definitions and run nothing')
    .addOption(configOption())
    .action(test);
}

async function test(options: Options): Promise<void> {
  const config = await loadConfig(options.config);
  const requests = await requestsOf(options, config);
  if (options.dry) {
    const bench = await setUp(options.config, true);
    for (const request of requests) {
      const { definition } = await renderRequest(request, bench);
      process.stdout.write(`---\n${definition}`);
    }
    return;
  }
  const daemon = daemonAt(config);
  const ids: string[] = [];
  for (const request of requests) {
    const answer = await daemon.post('/api/v1/requests', request, { 'x-lava-bridge-source': 'test' });
    const { id } = z.looseObject({ id: z.string() }).parse(answer);
    ids.push(id);
    if (!options.wait) print(`${id}: received; follow it with: lava-bridge jobs show ${id}`);
  }
  if (options.wait) for (const id of ids) await showEnd(daemon, id, false);
}

/** A request for each test. Throws BridgeError `bad_option` if it is not clear in which lab. */
async function requestsOf(
  { board, kernel, modules, lab: asked, tests, dry = false }: Options,
  config: BridgeConfig,
): Promise<object[]> {
  const [first, ...others] = config.labs.filter(({ name }) => asked === undefined || name === asked);
  const known = config.labs.map(({ name }) => name).join(', ');
  if (first === undefined)
    throw new BridgeError('bad_option', `--lab: there is no such lab; there are: ${known}`);
  if (others.length > 0) throw new BridgeError('bad_option', `--lab is needed: one of ${known}`);
  const boards = await loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types });
  const { arch } = boards.get(board, first.name);
  const artifacts: Record<string, string> = { kernel: await urlOf(kernel, first, config, dry) };
  if (modules !== undefined) artifacts['modules'] = await urlOf(modules, first, config, dry);
  return tests.map((plan) => ownRequest({ lab: first.name, board, plan, arch, artifacts }));
}

/** The URL under which LAVA finds the file; one from the disk is handed to the daemon, which serves it. */
async function urlOf(file: string, lab: LabConfig, config: BridgeConfig, dry: boolean): Promise<string> {
  if (/^https?:/i.test(file)) return file;
  const base = lab.callback.url ?? config.http.public_url;
  if (base === undefined)
    throw new BridgeError('bad_option', `${file}: LAVA cannot fetch it without http.public_url; give a URL`);
  const { size } = await stat(file).catch((error: unknown) => {
    throw new BridgeError('bad_option', `${file} cannot be read: ${errorText(error)}`);
  });
  if (size > LARGEST_FILE)
    throw new BridgeError('bad_option', `${file} is larger than ${LARGEST_FILE} bytes`);
  const name = basename(file);
  if (dry) return `${base}/files/${'0'.repeat(32)}/${name}`;
  const answer = await daemonAt(config).postFile(`/api/v1/files?name=${encodeURIComponent(name)}`, file);
  return `${base}${z.object({ path: z.string() }).parse(answer).path}`;
}

function names(text: string): string[] {
  const all = text.split(',').map((name) => name.trim());
  if (all.every((name) => name !== '')) return all;
  throw new InvalidArgumentError('names, with commas between them');
}
