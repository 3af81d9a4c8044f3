// Which of the configuration's keys hold secrets: for those who check them, and for those who keep them out of something.
import { passwordIn } from './postgres-url.ts';
import type { BridgeConfig } from './schema.ts';
import type { SecretSource } from './secrets.ts';

/** All secrets of the configuration, by their keys. An address of the database without a password is none. */
export function secretsOf(config: BridgeConfig): [string, SecretSource][] {
  const secrets: [string, SecretSource | undefined][] = [
    ['maestro.token', config.maestro?.token],
    ['kcidb.token', config.kcidb?.token],
    ['kcidb.rest', config.kcidb?.rest],
    ['http.token', config.http.token],
    ...(config.http.tokens ?? []).map(({ name, token }): [string, SecretSource] => [
      `http.tokens ${name}`,
      token,
    ]),
    ['http.tls.key', config.http.tls?.key],
    ['store.postgres', storeSecret(config)],
    ['notify.mail.server', config.notify.mail?.server],
    ['notify.webhook.url', webhookSecret(config)],
    ['notify.webhook.token', config.notify.webhook?.token],
    ['storage.token', config.storage.kind === 'kernelci-storage' ? config.storage.token : undefined],
    ...config.labs.flatMap((lab): [string, SecretSource][] => [
      [`${lab.name} lava.token`, lab.lava.token],
      [`${lab.name} callback.token`, lab.callback.token],
    ]),
  ];
  return secrets.flatMap(([what, secret]): [string, SecretSource][] =>
    secret === undefined ? [] : [[what, secret]],
  );
}

/** The address of the database, unless it stands in the configuration without a password. */
function storeSecret({ store }: BridgeConfig): SecretSource | undefined {
  if (!('postgres' in store)) return undefined;
  const { postgres } = store;
  return typeof postgres === 'string' && passwordIn(postgres) === undefined ? undefined : postgres;
}

/** Without a token, whoever has the address may post there. */
function webhookSecret({ notify: { webhook } }: BridgeConfig): SecretSource | undefined {
  if (webhook === undefined) return undefined;
  const { url, token } = webhook;
  return token !== undefined && typeof url === 'string' ? undefined : url;
}
