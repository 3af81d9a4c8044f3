// Definitions that Maestro makes for LAVA labs, as they come to a lab that pulls them: the default lists let them through.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { LabConfig } from '../../src/config/schema.ts';
import { useSuppliedDefinition } from '../../src/templates/supplied.ts';
import { makeRequest, NODE_ID, readDefinition, shipped } from '../templates/support.ts';
import { referencePath } from './folder.ts';

const LAB = LabConfig.parse({
  name: 'lab',
  origin: 'lab',
  lava: { url: 'https://lava.example', user: 'bridge', token: 'secret' },
  callback: { token_name: 'bridge-token', token: 'secret' },
});

const samples = readdirSync(referencePath('reference/rendered')).filter((name) => name.startsWith('lava-'));

/** The host that stands in the samples for Maestro's own. */
const HOST = 'pipeline.kernelci.example';

const Definition = z.record(z.string(), z.unknown());

function take(name: string): Record<string, unknown> {
  const text = readFileSync(referencePath('reference/rendered', name), 'utf8');
  const notifyHosts = LAB.definitions.notify_hosts.map((host) =>
    host === 'kernelci-pipeline.westus3.cloudapp.azure.com' ? HOST : host,
  );
  const { definition } = useSuppliedDefinition(text, {
    request: makeRequest({ name: 'baseline-arm64', platform: 'some-board' }),
    plans: shipped.plans,
    lab: {
      name: 'lab',
      priority: { min: 0, max: 100 },
      callback: {
        url: `https://bridge.example/callback/lab/${NODE_ID}`,
        tokenName: 'bridge-token',
        header: 'Authorization',
      },
      queueTimeoutMs: 2 * 86_400_000,
    },
    definitions: { ...LAB.definitions, notify_hosts: notifyHosts },
    networks: ['public'],
  });
  const { job_name: _n, notify: _c, metadata: _m, ...rest } = readDefinition(definition);
  return rest;
}

describe('a definition of Maestro', () => {
  // LAVA itself refuses the time-out of this one, which is null.
  const taken = samples.filter((name) => !name.includes('kvm-unit-tests'));

  it.each(taken)('%s is taken by the default lists, and keeps its meaning', (name) => {
    const text = readFileSync(referencePath('reference/rendered', name), 'utf8');
    const {
      job_name: _n,
      notify: _c,
      metadata: _m,
      ...came
    } = Definition.parse(parse(text, { version: '1.1' }));

    expect(take(name)).toEqual(came);
  });

  it('with a time-out that is null is refused', () => {
    expect(samples.filter((name) => !taken.includes(name))).toHaveLength(1);
    expect(() => take('lava-uboot-kvm-unit-tests.yaml')).toThrow(
      expect.objectContaining({ code: 'not_permitted' }),
    );
  });
});
