// `lava-bridge check`: whether each secret can be read, and whether anybody else on this machine can read or change what
// the daemon trusts.
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { resolveCallbackToken } from '../config/callback-token.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { secretsOf } from '../config/secrets-of.ts';
import { resolveSecret, secretFile, type SecretSource } from '../config/secrets.ts';
import { storeOf } from '../daemon-parts.ts';
import { attempt, type Add } from './check-lines.ts';

const DATABASE = 'store.postgres';

/** Looks at all secrets and at the modes of the admin's files; `file` is the configuration. */
export async function checkSecrets(file: string, config: BridgeConfig, add: Add): Promise<void> {
  const secrets = secretsOf(config);
  for (const [what, secret] of secrets) {
    const lab = config.labs.find(({ callback }) => callback.token === secret);
    await attempt(
      what,
      async () => {
        if (lab !== undefined) resolveCallbackToken(lab);
        else if (what === DATABASE) storeOf(config);
        else resolveSecret(secret);
      },
      () => 'found',
      add,
    );
  }
  const literals = secrets.filter(([, secret]) => typeof secret === 'string').map(([what]) => what);
  if (literals.length > 0 && (await mayOthers(file, READ))) {
    add({
      what: 'configuration',
      state: 'warning',
      text: `everybody on this machine can read ${file}, and it holds ${literals.join(', ')}; put each into a file in /etc/lava-bridge/secrets and write { credential: NAME }`,
    });
  }
  await checkSecretFiles(config, secrets, add);
  await checkWriters(file, config, add);
}

async function checkSecretFiles(
  config: BridgeConfig,
  secrets: readonly [string, SecretSource][],
  add: Add,
): Promise<void> {
  const files: [string, string | undefined][] = [
    ...secrets.map(([what, secret]): [string, string | undefined] => [what, secretFile(secret)]),
    ['kcidb.pubsub.credentials', config.kcidb?.pubsub?.credentials],
  ];
  for (const [what, path] of files) {
    if (path === undefined || !(await mayOthers(path, READ))) continue;
    add({
      what,
      state: 'warning',
      text: `everybody on this machine can read ${path}; move it into /etc/lava-bridge/secrets and write { credential: NAME }, or, if the daemon's user owns it: chmod o= ${path}`,
    });
  }
}

/** Templates and device types become commands on the lab's hosts. */
async function checkWriters(file: string, config: BridgeConfig, add: Add): Promise<void> {
  // Who may change a folder may put another file in its place.
  const trusted = [dirname(resolve(file)), file, config.device_types, config.job_templates, config.plans];
  for (const path of trusted) {
    if (path === undefined || !(await mayOthers(path, WRITE))) continue;
    add({
      what: 'configuration',
      state: 'warning',
      text: `everybody on this machine can change ${path}; chmod o-w ${path}`,
    });
  }
}

// Of the last three bits of a mode.
const READ = 4;
const WRITE = 2;
const SEARCH = 1;

/** Whether users who are neither the owner nor of the group have the right, all folders above included. */
async function mayOthers(path: string, right: number): Promise<boolean> {
  let current = resolve(path);
  if (!(await hasRight(current, right))) return false;
  while (current !== dirname(current)) {
    current = dirname(current);
    if (!(await hasRight(current, SEARCH))) return false;
  }
  return true;
}

/** What is not there, or not to be seen by us, is no such file; resolving the secret says that. */
async function hasRight(path: string, right: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && (found.mode & right) !== 0;
}
