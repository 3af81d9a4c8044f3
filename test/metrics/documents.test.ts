// The documents about metrics and alerts name only what there is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { METRICS } from '../../src/metrics/table.ts';

const docs = join(import.meta.dirname, '../../docs');
const read = (name: string): string => readFileSync(join(docs, name), 'utf8');

it.each(['alerts/lava-bridge.yaml', 'grafana/lava-bridge.json'])(
  'docs/%s asks for metrics that there are',
  (name) => {
    const asked = read(name).match(/lava_bridge_[a-z_]+/g) ?? [];
    const base = asked.map((metric) =>
      Object.hasOwn(METRICS, metric) ? metric : metric.replace(/_(?:bucket|sum|count)$/, ''),
    );
    expect(base.filter((metric) => !Object.hasOwn(METRICS, metric))).toEqual([]);
    expect(asked.length).toBeGreaterThan(10);
  },
);

it('counts every metric of the table somewhere', () => {
  const src = join(import.meta.dirname, '../../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      name.endsWith('.ts') && name !== join('metrics', 'table.ts') && name !== join('metrics', 'alerts.ts'),
  );
  const code = files.map((name) => readFileSync(join(src, name), 'utf8')).join('');
  expect(Object.keys(METRICS).filter((name) => !code.includes(`'${name}'`))).toEqual([]);
});
