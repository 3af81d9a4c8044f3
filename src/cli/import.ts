// `lava-bridge import`: KernelCI's configuration, or a lab's list of devices → our files.
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { importKernelci } from '../import/kernelci.ts';
import type { Sample } from '../import/requests.ts';
import { reportText } from '../import/table.ts';
import { jsonOption, print, printJson } from './common.ts';

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
    .description("make configuration files of KernelCI's own configuration, or of a lab's device list");

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
