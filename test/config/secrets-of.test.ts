import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BridgeConfig } from '../../src/config/schema.ts';
import { secretsOf } from '../../src/config/secrets-of.ts';

/** A configuration with no more than is needed. */
const LEAST = {
  labs: [
    {
      name: 'lab',
      origin: 'lab',
      lava: { url: 'http://lava.example', user: 'bridge', token: 't' },
      callback: { token_name: 'name', token: 't', url: 'http://bridge.example' },
    },
  ],
};

it('knows every secret that docs/configuration.md names', () => {
  const config = BridgeConfig.parse({
    maestro: { url: 'http://maestro.example', token: 'secret-1' },
    labs: [
      {
        name: 'lab',
        origin: 'lab',
        lava: { url: 'http://lava.example', user: 'bridge', token: 'secret-2' },
        callback: { token_name: 'name', token: 'secret-3', url: 'http://bridge.example' },
      },
    ],
    kcidb: { rest: 'secret-4', token: 'secret-5' },
    storage: { kind: 'kernelci-storage', url: 'http://storage.example', token: 'secret-6' },
    http: {
      token: 'secret-7',
      tokens: [
        { name: 'alice', token: 'secret-8', role: 'operate' },
        { name: 'grafana', token: 'secret-9', role: 'read' },
      ],
      tls: { certificate: 'bridge.pem', key: 'secret-10' },
    },
    store: { postgres: 'postgres://bridge:secret-11@db.example/bridge' },
    notify: {
      mail: { server: 'smtps://user:secret-12@mail.example', from: 'a@mail.example', to: ['b@mail.example'] },
      webhook: { url: 'http://chat.example', token: 'secret-13' },
    },
  });
  const docs = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
  const named = [...docs.matchAll(/^[^`\n]*: SECRET\b/gm)];

  const known = secretsOf(config).map(([, source]) => /secret-\d+/.exec(JSON.stringify(source))?.[0]);
  expect(known).toHaveLength(named.length);
  expect(new Set(known)).toEqual(new Set(named.map((_, i) => `secret-${i + 1}`)));
});

it('knows the address of a webhook as one where no token is needed, or where it stands elsewhere', () => {
  const url = 'http://chat.example/hooks/secret';
  const places = [
    { url },
    { url: { env: 'HOOK' } },
    { url: { env: 'HOOK' }, token: 't' },
    { url, token: 't' },
  ];
  const known = places.map((webhook) => {
    const config = BridgeConfig.parse({ ...LEAST, notify: { webhook } });
    return secretsOf(config).some(([what]) => what === 'notify.webhook.url');
  });
  expect(known).toEqual([true, true, true, false]);
});
