import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, StaleError, type NewJob, type Store, type StorePlace } from '../../src/store/index.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { newFolder } from '../support/folder.ts';
import { newJob as storedJob } from '../support/stored-jobs.ts';
import { PLACES } from '../support/places.ts';

describe.each(Object.keys(PLACES))('on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let now = 1_000_000;

  beforeEach(async () => {
    place = (await PLACES[kind]?.()) ?? { sqlite: ':memory:' };
    now = 1_000_000;
    store = await openStore(place, () => now);
  });

  afterEach(async () => {
    await store.close();
  });

  const NODE = '66c0ffee0000000000000003';

  const REQUEST = JobRequest.parse({
    node: { id: NODE, kind: 'job', name: 'baseline-x86', path: ['baseline-x86'], state: 'available' },
  });

  function newJob(change: Partial<NewJob> = {}): NewJob {
    return {
      lab: 'lava-a',
      nodeId: NODE,
      source: 'push',
      name: 'baseline-x86',
      board: 'qemu-x86_64',
      request: REQUEST,
      priority: 10,
      ending: null,
      stage: 'received',
      ...change,
    };
  }

  async function reopen(): Promise<void> {
    await store.close();
    store = await openStore(place, () => now);
  }

  it('keeps a text with a character that a database may refuse', async () => {
    const text = 'one\0two';
    const { job } = await store.receive(newJob({ name: text }), [{ kind: 'note', text }]);
    await store.save(job, { job: { cancel: text } });

    const kept = expect.stringMatching(/^one[\0\ufffd]two$/) as string;
    expect(await store.job(job.id)).toMatchObject({ name: kept, cancel: kept });
    expect(await store.timeline(job.id)).toMatchObject([{ text: kept }]);
  });

  describe('a request', () => {
    it('is stored once per lab and node, whatever way it came', async () => {
      const first = await store.receive(newJob(), [{ kind: 'stage', text: 'received' }]);
      const again = await store.receive(newJob({ source: 'pull_labs' }), [
        { kind: 'stage', text: 'received' },
      ]);
      const elsewhere = await store.receive(newJob({ lab: 'lava-b' }), []);

      expect([first.isNew, again.isNew, elsewhere.isNew]).toEqual([true, false, true]);
      expect(again.job).toEqual(first.job);
      expect(await store.timeline(first.job.id)).toHaveLength(1);
    });

    it('is there after the store was closed and opened', async () => {
      const { job } = await store.receive(newJob(), []);
      const id = store.instanceId;

      await reopen();

      expect(await store.job(job.id)).toEqual(job);
      expect(store.instanceId).toBe(id);
    });
  });

  describe('a change', () => {
    it('is refused if the job was changed since it was read', async () => {
      const { job } = await store.receive(newJob(), []);
      await store.save(job, { job: { stage: 'admitted' } });

      await expect(store.save(job, { job: { stage: 'claimed' } })).rejects.toThrow(StaleError);

      expect((await store.job(job.id))?.stage).toBe('admitted');
    });

    it('is made whole or not at all', async () => {
      const { job } = await store.receive(newJob(), []);
      const sameTwice = { destination: 'kcidb', kind: 'report', body: {}, required: true };
      await store.save(job, { deliveries: [sameTwice] });
      const seen = await store.job(job.id);
      if (!seen) throw new Error('the job is gone');

      const broken = store.save(seen, {
        job: { stage: 'admitted' },
        // A null mark is refused by the database, after the job itself was changed in the same transaction.
        newAttempt: JSON.parse(JSON.stringify({ jobId: job.id, n: 1, submissionKey: null, definition: '' })),
        entries: [{ kind: 'stage', text: 'admitted' }],
      });

      await expect(broken).rejects.toThrow(/NOT NULL|not-null/);
      expect(await store.job(job.id)).toEqual(seen);
      expect(await store.timeline(job.id)).toEqual([]);
    });

    it('stores the same delivery once, however often a stage is repeated', async () => {
      const { job } = await store.receive(newJob(), []);
      const delivery = { destination: 'kcidb', kind: 'report', body: { a: 1 }, required: true };

      const after = await store.save(job, { deliveries: [delivery] });
      await store.save(after, { deliveries: [{ ...delivery, body: { a: 2 } }] });

      const [first, ...others] = await store.deliveries(job.id);
      expect(others).toEqual([]);
      expect(await store.deliveryBody(first?.id ?? 0)).toEqual({ a: 1 });
    });

    it('that runs at the same time as others does not get into their transactions', async () => {
      const jobs = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          store.receive(newJob({ nodeId: `${i}` }), [{ kind: 'note', text: 'x' }]),
        ),
      );

      const saved = await Promise.all(jobs.map(({ job }) => store.save(job, { job: { stage: 'admitted' } })));

      expect(saved.every((job) => job.stage === 'admitted' && job.rev === 1)).toBe(true);
    });
  });

  describe('a LAVA job that was made twice', () => {
    it('is known to its lab until it is cancelled, also after a restart', async () => {
      const { job } = await store.receive(newJob(), []);
      await store.receive(newJob({ lab: 'lava-a-2' }), []);
      const late = { jobId: job.id, n: 1, sentAt: 1 };
      expect(await store.recordSubmission(late, 12, [])).toBe(false);
      expect(await store.recordSubmission(late, 7, [])).toBe(false);
      expect(await store.recordSubmission({ ...late, jobId: `lava-a-2:${NODE}` }, 8, [])).toBe(false);
      await reopen();
      const known = await store.secondJobs('lava-a');
      expect(known.toSorted((a, b) => a.lavaId - b.lavaId)).toEqual([
        { lavaId: 7, jobId: job.id, n: 1 },
        { lavaId: 12, jobId: job.id, n: 1 },
      ]);
      await store.forgetSecondJob('lava-a', 12);
      expect((await store.secondJobs('lava-a')).map(({ lavaId }) => lavaId)).toEqual([7]);
      expect((await store.secondJobs('lava-a-2')).map(({ lavaId }) => lavaId)).toEqual([8]);
    });
  });

  describe('due jobs', () => {
    it('come in the order in which they became due, of one lab only', async () => {
      await store.receive(newJob({ nodeId: 'old' }), []);
      now += 1;
      await store.receive(newJob({ nodeId: 'new', priority: 90 }), []);
      await store.receive(newJob({ nodeId: 'other', lab: 'lava-b' }), []);

      const due = await store.due({ lab: 'lava-a', half: 'toLava' }, now, 10);

      expect(due.map((job) => job.nodeId)).toEqual(['old', 'new']);
    });

    it('wait in a queue most urgent first, then oldest first', async () => {
      await store.receive(newJob({ nodeId: 'old', priority: 10 }), []);
      now += 1;
      await store.receive(newJob({ nodeId: 'urgent', priority: 90 }), []);
      const queue = { lab: 'lava-a', board: 'qemu-x86_64', stage: 'received' } as const;

      expect(await store.firstOf(queue)).toMatchObject({ id: 'lava-a:urgent' });
      expect(await store.firstOf(queue, 'lava-a:urgent')).toMatchObject({ id: 'lava-a:old' });
    });

    it('of a queue are put off together, but for those that look themselves', async () => {
      for (const nodeId of ['a', 'b', 'c', 'd']) await store.receive(newJob({ nodeId }), []);
      const queue = { lab: 'lava-a', board: 'qemu-x86_64', stage: 'received' } as const;
      const reason = { code: 'behind', text: 'more urgent jobs wait' } as const;

      const held = await store.holdBack(queue, now + 5000, reason, ['lava-a:a', 'lava-a:b']);
      const again = await store.holdBack(queue, now + 5000, reason, ['lava-a:a', 'lava-a:b']);

      expect(held.jobs.toSorted()).toEqual(['lava-a:c', 'lava-a:d']);
      expect(again.jobs).toEqual([]);
      const due = await store.due({ lab: 'lava-a', half: 'toLava' }, now, 10);
      expect(due.map(({ id }) => id).toSorted()).toEqual(['lava-a:a', 'lava-a:b']);
    });

    it('of a queue are put off again when half of that has passed, or one of them was woken', async () => {
      for (const nodeId of ['a', 'b']) await store.receive(newJob({ nodeId }), []);
      const queue = { lab: 'lava-a', board: 'qemu-x86_64', stage: 'received' } as const;
      const reason = { code: 'behind', text: 'more urgent jobs wait' } as const;
      const untils = async (): Promise<unknown[]> =>
        Promise.all(['a', 'b'].map(async (id) => (await store.job(`lava-a:${id}`))?.nextAt));
      const begun = now;
      await store.holdBack(queue, now + 5000, reason, []);

      now += 2000;
      await store.holdBack(queue, now + 5000, reason, []);
      const before = await untils();
      await store.wake('lava-a:b');
      await store.holdBack(queue, now + 5000, reason, []);
      const woken = await untils();
      now += 1000;
      await store.holdBack(queue, now + 5000, reason, []);

      expect(before).toEqual([begun + 5000, begun + 5000]);
      expect(woken).toEqual([begun + 5000, begun + 7000]);
      expect(await untils()).toEqual([begun + 8000, begun + 7000]);
    });

    it('that wait are not due before their time, and are when they are woken', async () => {
      const { job } = await store.receive(newJob(), []);
      await store.save(job, { job: { nextAt: now + 5000 } });

      expect(await store.due({ lab: 'lava-a', half: 'toLava' }, now, 10)).toEqual([]);
      expect(await store.nextDue({ lab: 'lava-a', half: 'toLava' }, now)).toBe(now + 5000);
      await store.wake(job.id);
      expect(await store.due({ lab: 'lava-a', half: 'toLava' }, now, 10)).toHaveLength(1);
    });

    it('that are woken while a stage runs are not put off again by it', async () => {
      const { job } = await store.receive(newJob(), []);

      await store.wake(job.id);

      await expect(store.save(job, { job: { nextAt: now + 60_000 } })).rejects.toThrow(StaleError);
    });
  });

  describe('a callback', () => {
    it('is stored with its job made due, and goes when it is worked up', async () => {
      const { job } = await store.receive(newJob(), []);
      await store.save(job, { job: { nextAt: now + 60_000 } });

      await store.addCallback(
        { jobId: job.id, lavaId: 7, state: 'Finished', body: Buffer.from('zipped'), log: null },
        now,
        [],
      );

      const [due] = await store.due({ lab: 'lava-a', half: 'toLava' }, now, 10);
      const [callback] = await store.callbacks(job.id);
      expect(Buffer.from(callback?.body ?? []).toString()).toBe('zipped');
      if (!due) throw new Error('not due');
      await store.save(due, { dropCallbacks: true });
      expect(await store.callbacks(job.id)).toEqual([]);
    });
  });

  describe('a cancel', () => {
    it('is taken once, and not for a job that has ended', async () => {
      const { job } = await store.receive(newJob(), []);

      expect(await store.requestCancel(job.id, 'why', [])).toBe(true);
      expect(await store.requestCancel(job.id, 'again', [])).toBe(false);
      const open = await store.job(job.id);
      if (!open) throw new Error('gone');
      await store.save(open, { job: { done: true, cancel: null } });
      expect(await store.requestCancel(job.id, 'late', [])).toBe(false);
    });
  });

  it('forgets old jobs that have ended, with all that belongs to them, and no others', async () => {
    const { job } = await store.receive(newJob(), [{ kind: 'note', text: 'x' }]);
    await store.receive(newJob({ nodeId: 'open' }), []);
    await store.save(job, {
      job: { done: true },
      deliveries: [{ destination: 'kcidb', kind: 'report', body: {}, required: true }],
    });

    const gone = await store.forget(now + 1, 100);

    expect(gone).toEqual([job.id]);
    expect(await store.timeline(job.id)).toEqual([]);
    expect(await store.deliveries(job.id)).toEqual([]);
    expect(await store.jobs({ limit: 10 })).toHaveLength(1);
  });

  it('remembers drains until they are lifted', async () => {
    await store.drain('lava-a', '', 'power work');
    await reopen();

    expect(await store.drains()).toMatchObject([{ lab: 'lava-a', board: '', why: 'power work' }]);
    expect(await store.resume('lava-a', '')).toBe(true);
    expect(await store.resume('lava-a', '')).toBe(false);
  });
});

it('keeps a copy of an older store before it changes its schema, in place of the copy of an earlier upgrade', async () => {
  const file = join(await newFolder(), 'bridge.db');
  const before = await openStore({ sqlite: file });
  await before.receive(storedJob(1), []);
  await before.close();
  const db = new DatabaseSync(file);
  // What the migrations after the first made is taken back.
  db.exec(`DROP TABLE leases; DROP TABLE processes; DROP TABLE known_states; ALTER TABLE under_way DROP COLUMN process;
    DROP INDEX deliveries_open; CREATE INDEX deliveries_state ON deliveries (state, next_at);
    UPDATE meta SET value = '1' WHERE key = 'schema'`);
  db.close();
  await writeFile(`${file}.schema-0`, 'of an earlier upgrade');

  const store = await openStore({ sqlite: file });
  expect(await store.jobs({ limit: 10 })).toHaveLength(1);
  await store.close();
  expect((await readdir(dirname(file))).filter((name) => name.includes('.schema-'))).toEqual([
    'bridge.db.schema-1',
  ]);
  const copy = new DatabaseSync(`${file}.schema-1`, { readOnly: true });
  const text = "VALUES ((SELECT value FROM meta WHERE key = 'schema'), (SELECT count(*) FROM jobs))";
  expect(copy.prepare(text).get()).toEqual({ column1: '1', column2: 1 });
  copy.close();
});

it('refuses a store that a newer version wrote', async () => {
  const file = join(await newFolder(), 'bridge.db');
  await (await openStore({ sqlite: file })).close();
  const db = new DatabaseSync(file);
  db.exec("UPDATE meta SET value = '999' WHERE key = 'schema'");
  db.close();

  await expect(openStore({ sqlite: file })).rejects.toMatchObject({ code: 'newer_store' });
});

it.each([
  ['opens', 0],
  ['refuses', 1],
])('%s a store of the next version as that says that it can be used', async (what, by) => {
  const file = join(await newFolder(), 'bridge.db');
  await (await openStore({ sqlite: file })).close();
  const db = new DatabaseSync(file);
  const schema = db.prepare("SELECT value FROM meta WHERE key = 'schema'").get()?.['value'];
  const set = db.prepare('UPDATE meta SET value = ? WHERE key = ?');
  set.run(String(Number(schema) + 1), 'schema');
  set.run(String(Number(schema) + by), 'compatible');
  db.close();

  const opening = openStore({ sqlite: file });
  if (what === 'opens') await (await opening).close();
  else await expect(opening).rejects.toMatchObject({ code: 'newer_store' });
});

it('says which file cannot be opened', async () => {
  const file = join(await newFolder(), 'bridge.db');
  await (await openStore({ sqlite: file })).close();
  const inside = join(file, 'bridge.db');

  await expect(openStore({ sqlite: inside })).rejects.toMatchObject({ code: 'store' });
});

it('a row with a word that is not known is its own trouble alone', async () => {
  const file = join(await newFolder(), 'bridge.db');
  const store = await openStore({ sqlite: file });
  try {
    const jobOf = async (n: number): Promise<string> => {
      const { job } = await store.receive(
        {
          lab: 'lava-a',
          nodeId: String(n).padStart(24, '0'),
          source: 'push',
          name: 'baseline-x86',
          board: 'qemu-x86_64',
          request: JobRequest.parse({
            node: {
              id: String(n).padStart(24, '0'),
              kind: 'job',
              name: 'baseline-x86',
              path: ['baseline-x86'],
              state: 'available',
            },
          }),
          priority: 10,
          ending: null,
          stage: 'received',
        },
        [],
      );
      const delivery = { destination: 'kcidb', kind: 'report', body: {}, required: true };
      await store.record(job.id, { deliveries: [delivery, { ...delivery, destination: 'log' }] });
      return job.id;
    };
    const [stage, source, ending, well] = [await jobOf(1), await jobOf(2), await jobOf(3), await jobOf(4)];
    const db = new DatabaseSync(file);
    db.prepare("UPDATE jobs SET stage = 'teleported' WHERE id = ?").run(stage);
    db.prepare("UPDATE jobs SET source = 'pigeon' WHERE id = ?").run(source);
    db.prepare("UPDATE jobs SET ending = '{' WHERE id = ?").run(ending);
    // Sent, with nothing to ask by.
    db.prepare("UPDATE deliveries SET state = 'submitted' WHERE job_id = ? AND destination = 'kcidb'").run(
      stage,
    );
    db.close();

    const later = Date.now() + 60_000;
    const dueNow = async (): Promise<string[]> => {
      const halves = (['toLava', 'fromLava'] as const).map((half) =>
        store.due({ lab: 'lava-a', half }, later, 10),
      );
      return (await Promise.all(halves)).flat().map(({ id }) => id);
    };
    expect(await dueNow()).toEqual([well]);
    for (const id of [stage, source, ending]) {
      expect(await store.job(id)).toMatchObject({ setAside: true, reason: { code: 'store' } });
      expect((await store.timeline(id)).map(({ code }) => code)).toContain('store');
    }
    expect(await dueNow()).toEqual([well]);
    expect(await store.jobs({ limit: 10 })).toHaveLength(4);
    await store.openCounts();

    const due = await store.dueDeliveries('kcidb', later, 10);
    expect(due.map(({ jobId }) => jobId).toSorted()).toEqual([source, ending, well].toSorted());
    expect(await store.deliveries(stage)).toMatchObject([
      { destination: 'kcidb', state: 'parked', error: expect.any(String) },
      { destination: 'log', state: 'pending' },
    ]);
  } finally {
    await store.close();
  }
});
