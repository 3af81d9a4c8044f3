// What `lava-bridge init` writes: a configuration with comments, and a file for each secret.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { BridgeError, errorText } from '../core/errors.ts';
import { DEFAULT_CONFIG } from '../config/load.ts';
import type { SecretSource } from '../config/secrets.ts';

/** What the admin said. */
export interface Answers {
  lab: string;
  origin: string;
  lavaUrl: string;
  lavaUser: string;
  lavaToken: string;
  callbackName: string;
  callbackToken: string;
  publicUrl: string;
  /** undefined: not connected. */
  maestro: { url: string; token: string } | undefined;
  kcidb: { url: string; token: string } | undefined;
  httpToken: string;
}

type SecretName = 'lava-token' | 'callback-token' | 'http-token' | 'maestro-token' | 'kcidb-token';

/** The secrets, by the names of their files. */
function secretsOf(answers: Answers): Map<SecretName, string> {
  const { lavaToken, callbackToken, httpToken, maestro, kcidb } = answers;
  return new Map([
    ['lava-token', lavaToken],
    ['callback-token', callbackToken],
    ['http-token', httpToken],
    ...(maestro === undefined ? [] : [['maestro-token', maestro.token] as const]),
    ...(kcidb === undefined ? [] : [['kcidb-token', kcidb.token] as const]),
  ]);
}

type WriteSecret = (name: SecretName, text: string) => SecretSource;

/** The configuration as data; `secret` says how each secret is written. */
export function configOf(answers: Answers, secret: WriteSecret): Record<string, object | string> {
  const { lab, origin, lavaUrl, lavaUser, callbackName, publicUrl, maestro, kcidb } = answers;
  const { hostname, port } = new URL(publicUrl);
  const isHere = hostname === 'localhost' || hostname.startsWith('127.');
  return {
    ...(maestro && { maestro: { url: maestro.url, token: secret('maestro-token', maestro.token) } }),
    labs: [
      {
        name: lab,
        origin,
        lava: { url: lavaUrl, user: lavaUser, token: secret('lava-token', answers.lavaToken) },
        callback: { token_name: callbackName, token: secret('callback-token', answers.callbackToken) },
      },
    ],
    ...(kcidb && { kcidb: { url: kcidb.url, token: secret('kcidb-token', kcidb.token) } }),
    report: {
      kcidb: kcidb === undefined ? 'off' : 'direct',
      maestro: maestro === undefined ? 'off' : 'close',
    },
    http: {
      listen: `${isHere ? '127.0.0.1' : '0.0.0.0'}:${port === '' ? '8480' : port}`,
      public_url: publicUrl,
      token: secret('http-token', answers.httpToken),
    },
    device_types: 'device-types',
  };
}

/** What stands above each part of the configuration. */
const COMMENTS: Record<string, string> = {
  maestro: 'KernelCI’s Maestro: where requests come from, and where their nodes are ended.',
  labs: 'The LAVA labs. `name` is the runtime’s name in Maestro, `origin` the lab’s in KCIDB.',
  kcidb: 'KCIDB: where results go.',
  report: 'What is reported where.',
  http: 'Callbacks of LAVA come to `listen`; LAVA finds it by `public_url`. API and pages are on loopback: 8481 and 8482.',
  device_types: 'Your own boards, a file each: docs/boards.md.',
};

/**
 * Writes `lava-bridge.yaml`, `secrets/` and `device-types/` into the folder. The configuration holds no secret and the daemon's
 * user may read it; the secrets only root. Throws BridgeError `not_written`.
 */
export function writeConfiguration(folder: string, answers: Answers, force: boolean): string {
  const file = join(folder, 'lava-bridge.yaml');
  const secrets = join(folder, 'secrets');
  const isDefault = resolve(file) === DEFAULT_CONFIG;
  const config = configOf(answers, (name) =>
    isDefault ? { credential: name } : { file: `secrets/${name}` },
  );
  const text = [
    '# lava-bridge, written by `lava-bridge init`. All keys: docs/configuration.md. After a change: lava-bridge check --offline',
    ...Object.entries(config).map(
      ([key, value]) => `# ${COMMENTS[key] ?? key}\n${stringify({ [key]: value }).trimEnd()}`,
    ),
    '',
  ].join('\n\n');
  const flag = force ? 'w' : 'wx';
  const mask = process.umask(0);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    mkdirSync(join(folder, 'device-types'), { recursive: true, mode: 0o755 });
    mkdirSync(secrets, { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { flag, mode: 0o644 });
    for (const [name, secret] of secretsOf(answers)) {
      writeFileSync(join(secrets, name), `${secret}\n`, { flag, mode: 0o600 });
    }
  } catch (error) {
    throw new BridgeError('not_written', `${errorText(error)} (--force writes over what is there)`, {
      cause: error,
    });
  } finally {
    process.umask(mask);
  }
  return file;
}
