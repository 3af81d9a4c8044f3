import { expect, it } from 'vitest';
import { configMarks, differingKeys } from '../../src/config/marks.ts';
import { BridgeConfig } from '../../src/config/schema.ts';

const LAB = {
  name: 'a',
  origin: 'a',
  lava: { url: 'http://lava.example', user: 'bridge', token: 'x-token' },
  callback: { token_name: 'bridge-callback', token: 'y-token' },
};

function differences(lab: object, more: object): string[] {
  const plain = BridgeConfig.parse({ labs: [LAB], http: { public_url: 'http://one.example' } });
  return differingKeys(
    configMarks(plain),
    configMarks(BridgeConfig.parse({ labs: [{ ...LAB, ...lab }], ...more })),
  );
}

it('what each machine has of its own does not count', () => {
  const http = {
    listen: '127.0.0.1:1',
    api_listen: '127.0.0.1:2',
    pages_listen: '127.0.0.1:3',
    public_url: 'http://two.example',
    hosts: ['two.example'],
    tls: { certificate: '/a', key: { file: '/b' } },
    proxies: ['loopback'],
  };
  const more = {
    http,
    store: { postgres: 'postgres://bridge:secret@db.example/bridge' },
    device_types: '/own',
    plans: '/own',
    job_templates: '/own',
    storage: { kind: 'local', path: '/own' },
    log_level: 'debug',
  };
  const callback = { ...LAB.callback, url: 'http://two.example' };
  expect(differences({ callback }, more)).toEqual([]);
});

it('where a secret is found does not count, and no mark is made of one', () => {
  const lava = { ...LAB.lava, token: { env: 'TOKEN' } };
  const more = { http: { token: 'z-token', tokens: [{ name: 'b', token: 'other', role: 'read' }] } };
  expect(differences({ lava }, more)).toEqual(['http.tokens']);
});

it('all else is named by its key, and a lab that only one has by its name', () => {
  expect(
    differences({ lava: { ...LAB.lava, user: 'other' }, supersede: true }, { metadata: { site: 'x' } }),
  ).toEqual(['labs.a.lava', 'labs.a.supersede', 'metadata.site']);
  expect(differences({ name: 'a.b' }, {})).toEqual(['labs.a', 'labs.a.b']);
});
