// Maestro's pub/sub: a hint that makes the feed look at once. Nothing depends on it.
import { expect, it } from 'vitest';
import { testWorld, until, type TestWorld } from '../support/world.ts';

function listening(world: TestWorld): Promise<true> {
  return until('it listens', () => (world.maestro.subscriptions() > 0 ? true : undefined));
}

async function received(world: TestWorld, node: string): Promise<void> {
  await until(`${node} is received`, () => world.job(node));
}

it('a job is seen as soon as Maestro tells of it, also after a loss of the subscription, however seldom events are polled', async () => {
  const world = await testWorld({ poll: '1h', maestro: { pubsub: true }, config: { log_level: 'info' } });
  await listening(world);
  await received(world, world.publish());
  await received(world, world.publish());

  world.maestro.loseSubscriptions();
  const meanwhile = world.publish();
  await listening(world);
  await received(world, meanwhile);
  await received(world, world.publish());
  expect(world.log.filter((line) => line.includes('pub/sub'))).toHaveLength(1);
});

it('nothing listens unless the configuration wants it', async () => {
  const world = await testWorld();
  await received(world, world.publish());
  expect(world.maestro.requests.some(({ url }) => url.includes('/subscribe/'))).toBe(false);
});
