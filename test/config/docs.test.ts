import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DeviceType } from '../../src/catalog/board-schema.ts';
import { BridgeConfig } from '../../src/config/schema.ts';

function text(path: string): string {
  return readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8');
}

const block = /^```yaml\n([^]*?)^```$/m.exec(text('docs/configuration.md'))?.[1] ?? '';
/** The keys that exclude others stand there as comments. */
const everything = block.replaceAll(/^( *)# ([a-z_]+:.*)$/gm, '$1$2');

const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.looseObject({
    default: z.unknown().optional(),
    properties: z.record(z.string(), Schema).optional(),
    items: Schema.optional(),
    anyOf: z.array(Schema).optional(),
    oneOf: z.array(Schema).optional(),
  }),
);
interface Schema {
  default?: unknown;
  properties?: Record<string, Schema> | undefined;
  items?: Schema | undefined;
  anyOf?: Schema[] | undefined;
  oneOf?: Schema[] | undefined;
}

interface Key {
  path: string;
  fallback: unknown;
}

/** All keys below a schema. How a secret is written is described once, at the top. */
function keysOf(schema: Schema, path: string): Key[] {
  if (
    path.endsWith('token') ||
    ['kcidb.rest', 'http.tls.key', 'notify.mail.server', 'store.postgres', 'notify.webhook.url'].includes(
      path,
    )
  )
    return [];
  const branches = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const own = branches.flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, value]) => {
      const key = path === '' ? name : `${path}.${name}`;
      return [{ path: key, fallback: value.default }, ...keysOf(value, key)];
    }),
  );
  return schema.items === undefined ? own : [...own, ...keysOf(schema.items, `${path}.0`)];
}

function valueAt(document: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
      document,
    );
}

const keys = keysOf(Schema.parse(z.toJSONSchema(BridgeConfig, { io: 'input' })), '');

describe('docs/configuration.md', () => {
  it('names every key of the configuration', () => {
    const document: unknown = parse(everything, { uniqueKeys: false });
    expect(keys.length).toBeGreaterThan(60);
    expect(keys.filter(({ path }) => valueAt(document, path) === undefined)).toEqual([]);
  });

  it('shows the default of every key that has one', () => {
    const document: unknown = parse(block);
    // A section whose keys have defaults has an empty one.
    const known = keys.filter(({ fallback }) => fallback !== undefined && JSON.stringify(fallback) !== '{}');
    const shown = known.flatMap(({ path, fallback }) => {
      const value = valueAt(document, path);
      return value === undefined ? [] : [{ path, value, fallback }];
    });
    for (const { path, value, fallback } of shown)
      expect({ [path]: value }).toMatchObject({ [path]: fallback });
    const unseen = known.filter(({ path }) => !shown.some((one) => one.path === path));
    expect(unseen.map(({ path }) => path)).toEqual(['storage.prefix', 'storage.timeout']);
  });

  it('is itself a configuration that is taken', () => {
    const made = block.replaceAll('SECRET', 'text').replaceAll(/\bURL\b/g, 'http://x.example');
    const parsed = BridgeConfig.safeParse(parse(made));
    expect(parsed.error?.issues ?? []).toEqual([]);
  });
});

describe('README.md', () => {
  const readme = text('README.md');
  /** The indented block that begins with that line. */
  const example = (first: string): string =>
    new RegExp(`^( +)${first}.*\\n(?:\\1.*\\n)*`, 'm').exec(readme)?.[0] ?? '';

  it('shows a configuration that is taken, whose secrets the unit hands over', () => {
    const config = BridgeConfig.parse(parse(example('instance: ')));
    expect(config.labs).toHaveLength(1);
    const unit = text('systemd/lava-bridge.service');
    expect(unit).toMatch(/^LoadCredential=secrets:\/etc\/lava-bridge\/secrets$/m);
  });

  it('shows a board that is taken', () => {
    const board = DeviceType.parse(parse(example('# /etc/lava-bridge/device-types/')));
    expect(board.compatible).toEqual(['vendor,my-board', 'vendor,my-soc']);
  });
});
