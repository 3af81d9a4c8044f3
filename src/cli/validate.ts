// `lava-bridge validate`: checks LAVA job definitions, by our own schema (--offline) or by a lab's strict one.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { BridgeError, ConfigError, errorText, formatProblem, type Problem } from '../core/errors.ts';
import { parseYaml } from '../core/yaml-file.ts';
import { loadConfig } from '../config/load.ts';
import type { LabConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { createLavaClient } from '../lava/client.ts';
import { LavaDefinition } from '../definition/definition.ts';
import { configOption, jsonOption, print, printJson } from './common.ts';

interface Options {
  offline?: true;
  lab?: string;
  config: string;
  json?: true;
}

/** What is wrong with one definition; nothing, if it is valid. */
type Check = (file: string, text: string) => Promise<Problem[]>;

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('check LAVA definitions against a lab, or --offline')
    .argument('<file...>', 'definitions, YAML')
    .option('--offline', 'by our own schema; needs no lab and no configuration')
    .option('--lab <name>', 'the lab that checks; left out: the only one of the configuration')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(validate);
}

async function validate(files: string[], options: Options): Promise<void> {
  const check = options.offline === true ? checkOffline : await labCheck(options);
  const results: { file: string; valid: boolean; problems: Problem[] }[] = [];
  for (const file of files) {
    const problems = await checkFile(file, check);
    results.push({ file, valid: problems.length === 0, problems });
    if (options.json === true) continue;
    if (problems.length === 0) print(`${file}: valid`);
    else process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`);
  }
  if (options.json === true) printJson(results);
  if (results.some((result) => !result.valid)) process.exitCode = 1;
}

async function checkFile(file: string, check: Check): Promise<Problem[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return [{ code: 'unreadable', file, message: `cannot be read: ${errorText(error)}` }];
  }
  return check(file, text);
}

async function checkOffline(file: string, text: string): Promise<Problem[]> {
  try {
    parseYaml(file, text, LavaDefinition);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems];
    throw error;
  }
}

async function labCheck(options: Options): Promise<Check> {
  const lab = chosenLab((await loadConfig(options.config)).labs, options.lab);
  const client = createLavaClient({
    url: lab.lava.url,
    user: lab.lava.user,
    token: resolveSecret(lab.lava.token),
    timeoutMs: lab.lava.timeout,
  });
  return async (file, text) => {
    try {
      const fault = await client.validate(text, true);
      if (fault === undefined) return [];
      const message = `${lab.name}: ${fault.path}: ${fault.message}`;
      return [{ code: 'lava_refused', file, key: fault.path, message }];
    } catch (error) {
      // LAVA answers text that is no YAML with a fault of its own.
      if (error instanceof BridgeError) {
        return [{ code: error.code, file, message: `${lab.name}: ${error.message}` }];
      }
      throw error;
    }
  };
}

function chosenLab(labs: readonly LabConfig[], name: string | undefined): LabConfig {
  const names = labs.map((lab) => lab.name).join(', ');
  if (name === undefined) {
    const [only, ...others] = labs;
    if (only !== undefined && others.length === 0) return only;
    throw new BridgeError('unknown_lab', `which lab? --lab NAME is one of ${names}`);
  }
  const lab = labs.find((one) => one.name === name);
  if (lab === undefined)
    throw new BridgeError('unknown_lab', `there is no lab ${name} in the configuration; there are ${names}`);
  return lab;
}
