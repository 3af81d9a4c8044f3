// Every definition that the shipped templates can produce, against the lab's strict validation (which reads only).
// `npm run contract -- test/lab/definitions.test.ts` runs it alone.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createLavaClient } from '../../src/lava/client.ts';
import { LavaDefinition } from '../../src/definition/definition.ts';
import { everyDefinition, matrix } from '../templates/matrix.ts';
import { shipped } from '../templates/support.ts';
import { labFact } from './environment.ts';

const client = createLavaClient({
  url: labFact('URL'),
  user: labFact('BRIDGE_USER'),
  token: labFact('BRIDGE_TOKEN'),
  timeoutMs: 60_000,
});

it('accepts every boot method × test, strictly', { timeout: 1_800_000 }, async () => {
  const refusals: string[] = [];
  const { definitions, unsupported } = everyDefinition();
  // All at once: the client lets a few go to the lab at a time.
  const checks = definitions.map(async ({ label, definition }) => {
    const fault = await client.validate(definition, true);
    if (fault !== undefined) refusals.push(`${label}: ${fault.path}: ${fault.message}`);
  });
  await Promise.all(checks);
  process.stdout.write(
    `${definitions.length} definitions validated, ${refusals.length} refused; ${unsupported} unsupported\n`,
  );
  expect(refusals).toEqual([]);
});

/** Definitions with one thing broken, the same on every run. */
function* broken(count: number): Generator<{ label: string; text: string }> {
  const sound = [...matrix()]
    .filter((_, i) => i % 37 === 0)
    .flatMap(({ label, input }) => {
      try {
        return [{ label, definition: parse(shipped.renderer.render(input).definition) as unknown }];
      } catch {
        return []; // what a board cannot do
      }
    });
  const choices = fc.sample(
    fc.record({
      which: fc.nat(),
      place: fc.nat(),
      change: fc.constantFrom('drop', 'add', '', 'y z', 0, -1, true, [], {}),
    }),
    { numRuns: count, seed: 7 },
  );
  for (const { which, place, change } of choices) {
    const { label, definition } = sound[which % sound.length] ?? { label: '', definition: {} };
    const copy = structuredClone(definition);
    const places = placesIn(copy);
    const [at, key] = places[place % places.length] ?? [{}, ''];
    if (change === 'drop') Reflect.deleteProperty(at, key);
    else if (change === 'add') Reflect.set(at, 'surprise', 1);
    else Reflect.set(at, key, change);
    yield { label: `${label}, ${key}: ${JSON.stringify(change)}`, text: stringify(copy, { version: '1.1' }) };
  }
}

function placesIn(value: unknown): [object, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(
    ([key, inner]) => [[value, key], ...placesIn(inner)] as [object, string][],
  );
}

it('refuses itself what the lab refuses', { timeout: 600_000 }, async () => {
  const missed: string[] = [];
  let refused = 0;
  for (const { label, text } of broken(400)) {
    const ours = LavaDefinition.safeParse(parse(text, { version: '1.1' })).success;
    // LAVA fails on some of them where it should refuse.
    const theirs = await client.validate(text, true).catch((error: unknown) => ({ message: String(error) }));
    if (theirs !== undefined) refused++;
    if (ours && theirs !== undefined) missed.push(`${label}: ${theirs.message}`);
  }
  process.stdout.write(`400 broken definitions, ${refused} refused by the lab\n`);
  expect(missed).toEqual([]);
  expect(refused).toBeGreaterThan(100);
});
