// Loads lava-bridge.yaml: the schema first, then what no schema can say. All problems are reported at once.
import { dirname, resolve } from 'node:path';
import { ConfigError, type Problem } from '../core/errors.ts';
import { readYamlFile, type Located } from '../core/yaml-file.ts';
import { postgresUrlFault } from './postgres-url.ts';
import { BridgeConfig } from './schema.ts';
import type { SecretSource } from './secrets.ts';

/** Where the configuration is read from without --config. */
export const DEFAULT_CONFIG = '/etc/lava-bridge/lava-bridge.yaml';

/**
 * Reads and checks the configuration. Relative paths in it are relative to its folder. No secret is resolved.
 * Throws ConfigError with every problem, each at file:line:column.
 */
export async function loadConfig(file: string): Promise<BridgeConfig> {
  const located = await readYamlFile(file, BridgeConfig);
  const problems = crossCheck(located);
  if (problems.length > 0) throw new ConfigError(problems);
  return absolutePaths(located.value, dirname(resolve(file)));
}

function crossCheck(located: Located<BridgeConfig>): Problem[] {
  const { value: config, at } = located;
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [i, lab] of config.labs.entries()) {
    if (seen.has(lab.name))
      problems.push(at(['labs', i, 'name'], 'duplicate', `labs.${i}.name: ${lab.name} is there twice`));
    seen.add(lab.name);
    if (lab.callback.token === lab.callback.token_name) {
      problems.push(
        at(
          ['labs', i, 'callback', 'token_name'],
          'bad_value',
          `labs.${i}.callback.token_name: is the token itself; every definition names it, so anybody could read the token. Give the token in LAVA a name of its own`,
        ),
      );
    }
    const { min, max } = lab.lava.priority;
    if (min > max) {
      problems.push(
        at(
          ['labs', i, 'lava', 'priority'],
          'bad_value',
          `labs.${i}.lava.priority: min ${min} is above max ${max}`,
        ),
      );
    }
    if (config.http.public_url === undefined && lab.callback.url === undefined) {
      problems.push(
        at(
          ['labs', i, 'callback'],
          'missing_key',
          `labs.${i}.callback.url: is missing, and http.public_url too; one of them must say where LAVA reaches us`,
        ),
      );
    }
  }
  problems.push(...tokensTwice(located));
  if ('postgres' in config.store) {
    const { postgres } = config.store;
    const fault = typeof postgres === 'string' ? postgresUrlFault(postgres) : undefined;
    if (fault !== undefined)
      problems.push(at(['store', 'postgres'], 'bad_value', `store.postgres: ${fault}`));
  }
  if (config.report.kcidb === 'direct' && config.kcidb === undefined && !process.env['KCIDB_REST']) {
    problems.push(
      at(
        ['report', 'kcidb'],
        'missing_key',
        'kcidb: is missing; say where reports go, or set report.kcidb: off',
      ),
    );
  }
  if (config.kcidb?.url !== undefined && config.kcidb.token === undefined) {
    problems.push(at(['kcidb', 'url'], 'missing_key', 'kcidb.token: is missing; a url needs one'));
  }
  return problems;
}

/** A name is to say who acted; and who has the one token has a name as well. */
function tokensTwice({ value: { http }, at }: Located<BridgeConfig>): Problem[] {
  const seen = new Set(http.token === undefined ? [] : ['admin']);
  return (http.tokens ?? []).flatMap(({ name }, i) => {
    const isTwice = seen.has(name);
    seen.add(name);
    const message =
      name === 'admin' ? 'admin is the name of whoever has http.token' : `${name} is there twice`;
    return isTwice
      ? [at(['http', 'tokens', i, 'name'], 'duplicate', `http.tokens.${i}.name: ${message}`)]
      : [];
  });
}

function absolutePaths(config: BridgeConfig, base: string): BridgeConfig {
  const abs = (path: string): string => resolve(base, path);
  const own = (path: string | undefined): string | undefined => (path === undefined ? undefined : abs(path));
  const secret = (source: SecretSource): SecretSource =>
    typeof source === 'object' && 'file' in source ? { file: abs(source.file) } : source;
  const withSecret = <T extends { token?: SecretSource | undefined }>(part: T): T =>
    part.token === undefined ? part : { ...part, token: secret(part.token) };
  const { device_types, job_templates, plans, maestro, kcidb, ...rest } = config;
  return {
    ...rest,
    ...dropUndefined({
      device_types: own(device_types),
      job_templates: own(job_templates),
      plans: own(plans),
      maestro: maestro && withSecret(maestro),
      kcidb: kcidb && {
        ...withSecret(kcidb),
        ...(kcidb.rest === undefined ? {} : { rest: secret(kcidb.rest) }),
        ...(kcidb.pubsub && { pubsub: { ...kcidb.pubsub, credentials: abs(kcidb.pubsub.credentials) } }),
      },
    }),
    labs: config.labs.map((lab) => ({
      ...lab,
      lava: withSecret(lab.lava),
      callback: withSecret(lab.callback),
    })),
    http: {
      ...withSecret(config.http),
      ...(config.http.tokens && { tokens: config.http.tokens.map(withSecret) }),
      ...(config.http.tls && {
        tls: {
          ...config.http.tls,
          certificate: abs(config.http.tls.certificate),
          key: secret(config.http.tls.key),
        },
      }),
    },
    store:
      'sqlite' in config.store
        ? { sqlite: abs(config.store.sqlite) }
        : { postgres: secret(config.store.postgres) },
    storage:
      config.storage.kind === 'kernelci-storage'
        ? withSecret(config.storage)
        : { ...config.storage, ...dropUndefined({ path: own(config.storage.path) }) },
  };
}

function dropUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
