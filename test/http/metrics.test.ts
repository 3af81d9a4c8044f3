import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { testWorld, until, type TestWorld } from '../support/world.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { METRICS } from '../../src/metrics/table.ts';

/** ms. */
const HELD = 100;

/** The event loop goes round a few times. */
async function rounds(): Promise<void> {
  for (let i = 0; i < 3; i++) await setTimeout(1);
}

async function scrape(world: TestWorld): Promise<string> {
  const { status, text } = await world.http('/metrics');
  expect(status).toBe(200);
  return text;
}

it('the metrics follow a job, and counters begin at 0', async () => {
  const world = await testWorld();
  const before = await scrape(world);
  expect(before).toContain('lava_bridge_callbacks_total{outcome="accepted"} 0');
  expect(before).toContain('lava_bridge_requests_total{outcome="rejected"} 0');
  expect(before).toMatch(/^lava_bridge_deliveries\{destination="kcidb",state="parked"\} 0$/m);

  const job = await world.ended(world.publish());
  const after = await scrape(world);
  expect(after).toContain(`lava_bridge_jobs_received_total{lab="${job.lab}",board="${job.board}"} 1`);
  expect(after).toContain(`lava_bridge_jobs_retried_total{lab="${job.lab}",board="${job.board}"} 0`);
  expect(after).toContain(
    `lava_bridge_jobs_ended_total{lab="${job.lab}",board="${job.board}",result="pass",layer="none"} 1`,
  );
  expect(after).toContain(`result="pass",layer="kernel"} 0`);
  expect(after).toContain(`lava_bridge_run_seconds_count{lab="${job.lab}",board="${job.board}"} 1`);
  expect(after).toMatch(/^lava_bridge_callback_bytes_count\{lab="lava-demo"\} [1-9]/m);
  expect(after).toContain('lava_bridge_deliveries_accepted_total{destination="kcidb"} 1');
  expect(after).toContain('lava_bridge_delivery_refusals_total{destination="kcidb"} 0');
  expect(after).toMatch(/^lava_bridge_call_seconds_count\{destination="kcidb"\} [1-9]/m);
  // The feed asks every 200 ms, whatever there is to report.
  const maestro = /^lava_bridge_call_seconds_count\{destination="maestro"\} (\d+)$/m;
  const calls = Number(maestro.exec(after)?.[1]);
  const later = await until('the feed is measured, too', async () => {
    const now = Number(maestro.exec(await scrape(world))?.[1]);
    return now > calls + 3 ? now : undefined;
  });
  expect(later).toBeGreaterThan(calls);
  expect(after).toMatch(/^lava_bridge_part_state\{part="lab",name="lava-demo",state="up"\} 1$/m);
  expect(after).toMatch(/^lava_bridge_store_bytes [1-9]/m);
  expect(after).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  expect(after).toMatch(/^lava_bridge_ready 1$/m);
});

it('every metric of the table is in the answer, with its help', async () => {
  const text = await scrape(await testWorld());
  for (const [name, { help }] of Object.entries(METRICS)) expect(text).toContain(`# HELP ${name} ${help}\n`);
});

it('what held the event loop shows in the metrics, until they are read', async () => {
  const metrics = createMetrics();
  const longest = async (): Promise<number> =>
    Number(/^nodejs_eventloop_lag_max_seconds (.*)$/m.exec(await metrics.text())?.[1]);
  await rounds();
  await longest();
  const until = performance.now() + HELD;
  while (performance.now() < until);
  await rounds();
  expect(await longest()).toBeGreaterThanOrEqual((0.9 * HELD) / 1000);
});

it('names from requests make no series without end; those of the configuration stay', async () => {
  const metrics = createMetrics(['known']);
  for (let i = 0; i < 3000; i++) {
    const board = `no-such-board-${i}`;
    metrics.count('lava_bridge_jobs_received_total', { lab: 'a', board });
    metrics.observe('lava_bridge_run_seconds', { lab: 'a', board }, 1);
  }
  metrics.count('lava_bridge_jobs_received_total', { lab: 'a', board: 'known' });
  metrics.set('lava_bridge_drained', [
    [{ lab: 'a', board: 'one-more', device: '' }, 1],
    [{ lab: 'a', board: 'and-another', device: '' }, 1],
  ]);
  const text = await metrics.text();

  expect(text.match(/^lava_bridge_jobs_received_total\{/gm)).toHaveLength(502);
  expect(text).toContain('lava_bridge_jobs_received_total{lab="a",board="known"} 1\n');
  expect(text).toContain('lava_bridge_jobs_received_total{lab="a",board="other"} 2500\n');
  expect(text).toContain('lava_bridge_drained{lab="a",board="other",device=""} 2\n');
  expect(text.length).toBeLessThan(1024 * 1024);
});

it('what waits is shown with its age', async () => {
  const world = await testWorld();
  world.kcidb.faults.add({ kind: 'mute' });
  const nodeId = world.publish();
  await world.at(nodeId, 'judged');
  world.jump(3_600_000);
  const text = await until('an hour of waiting', async () => {
    const now = await scrape(world);
    const age = Number(/^lava_bridge_delivery_age_seconds\{destination="kcidb"\} ([\d.]+)$/m.exec(now)?.[1]);
    return age >= 3600 ? now : undefined;
  });
  expect(
    Number(/^lava_bridge_open_job_age_seconds\{.*stage="judged"\} ([\d.]+)$/m.exec(text)?.[1]),
  ).toBeGreaterThanOrEqual(3600);
});
