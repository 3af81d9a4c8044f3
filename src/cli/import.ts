// `lava-bridge import`: KernelCI's configuration, or a lab's list of devices → our files.
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { BridgeError } from '../core/errors.ts';
import { shippedFolder } from '../core/shipped.ts';
import { loadBoards } from '../catalog/boards.ts';
import { loadConfig } from '../config/load.ts';
import { resolveSecret } from '../config/secrets.ts';
import { writeFolder } from '../import/files.ts';
import { importKernelci } from '../import/kernelci.ts';
import { importLava, LAVA_MARK, type LavaType } from '../import/lava.ts';
import type { Sample } from '../import/requests.ts';
import { reportText } from '../import/table.ts';
import { createLavaClient } from '../lava/client.ts';
import { configOption, jsonOption, print, printJson, table } from './common.ts';

interface KernelciOptions {
  out: string;
  instance: string;
  api?: string;
  storage?: string;
  callbackBase?: string;
  list?: string;
  force?: true;
  json?: true;
}

/** Adds `import kernelci` and `import lava`. */
export function addImport(program: Command): void {
  const command = program
    .command('import')
    .description("make configuration files of KernelCI's own configuration, or of a lab's device list")
    .helpCommand(false);

  command
    .command('kernelci')
    .description("KernelCI's config folder → a whole configuration folder")
    .argument('<dir>', "the folder `config` of KernelCI's pipeline")
    .requiredOption('--out <dir>', 'the folder to write')
    .option('--instance <name>', 'printed in LAVA job names', 'prod')
    .option('--api <name>', "which of KernelCI's APIs (default: production)")
    .option('--storage <name>', "which of KernelCI's storages (default: kci-storage-production)")
    .option('--callback-base <url>', 'where LAVA reaches the bridge')
    .option('--list <file>', 'also write a request for each scheduled combination, for render --batch')
    .option('--force', 'write into a folder that is not empty')
    .addOption(jsonOption())
    .action(kernelci);

  command
    .command('lava')
    .description("a lab's device types → device-type files, with what is left to fill in")
    .requiredOption('--lab <name>', 'the lab, of the configuration')
    .option('--out <dir>', 'the folder to write; left out: to standard output')
    .option('--force', 'write into a folder that is not empty')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(lava);
}

interface LavaOptions {
  lab: string;
  out?: string;
  force?: true;
  config: string;
  json?: true;
}

async function kernelci(dir: string, options: KernelciOptions): Promise<void> {
  const { report, samples } = await importKernelci({
    dir,
    out: options.out,
    instance: options.instance,
    api: options.api,
    storage: options.storage,
    callbackBase: options.callbackBase,
    force: options.force === true,
  });
  if (options.list !== undefined) await writeList(options.list, samples);
  if (options.json === true) printJson(report);
  else print(reportText(report, options.out));
}

async function writeList(file: string, samples: readonly Sample[]): Promise<void> {
  const stream = createWriteStream(file);
  for (const sample of samples) {
    if (!stream.write(`${JSON.stringify(sample)}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

async function lava(options: LavaOptions): Promise<void> {
  const config = await loadConfig(options.config);
  const names = config.labs.map(({ name }) => name);
  const lab = config.labs.find(({ name }) => name === options.lab);
  if (lab === undefined) {
    throw new BridgeError(
      'unknown_lab',
      `there is no lab ${options.lab} in the configuration; there are ${names.join(', ')}`,
    );
  }
  const { url, user, token, timeout } = lab.lava;
  const types = await importLava({
    client: createLavaClient({ url, user, token: resolveSecret(token), timeoutMs: timeout }),
    lab: lab.name,
    labs: names,
    boards: await loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types }),
  });
  const files = new Map(types.flatMap((type) => type.files.map(({ name, text }) => [name, text])));
  if (options.out !== undefined) await writeFolder(options.out, files, LAVA_MARK, options.force === true);
  if (options.json === true) return printJson(types);
  if (options.out !== undefined) return print(typesTable(types));
  process.stderr.write(`${typesTable(types)}\n`);
  print(
    [...files]
      .map(([name, text]) => `--- # ${name}\n${text}`)
      .join('')
      .trimEnd(),
  );
}

function typesTable(types: readonly LavaType[]): string {
  return table(
    ['DEVICE TYPE', 'DEVICES', 'ONLINE', 'FILE', 'BOOTS BY', 'TO FILL IN'],
    types.flatMap(({ type, devices, online, known, boot_methods, files, reason }) => {
      const head = [type, String(devices), String(online)];
      if (files.length === 0) return [[...head, '-', boot_methods[0] ?? '-', `none: ${reason ?? ''}`]];
      return files.map(({ name, to_fill_in }) => [
        ...head,
        name,
        boot_methods[0] ?? '-',
        known.length > 0 ? 'nothing: a known board' : to_fill_in.join(', '),
      ]);
    }),
  );
}
