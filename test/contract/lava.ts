// What the bridge relies on in a LAVA, written once and run against the simulator and against a real lab: where they
// differ, the simulator is wrong.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLavaClient } from '../../src/lava/client.ts';
import { readInventory, supplyOf } from '../../src/lava/inventory.ts';
import { newMark, openBench, records, type Bench, type ContractLab } from './lava-bench.ts';
import { describeNewer } from './lava-newer.ts';
import { describePassingJob } from './lava-passing-job.ts';

/** Defines the contract's tests. `waitMs`: how long a job may take. */
export function describeLava(title: string, open: () => Promise<ContractLab>, waitMs: number): void {
  describe(title, { timeout: waitMs }, () => {
    let bench: Bench;

    beforeAll(async () => {
      bench = await openBench(open);
    }, waitMs);

    afterAll(() => bench.close());

    it('says who we are, which version it is, and whether it sends events', async () => {
      expect(await bench.client.whoami()).toBe(bench.lab.user);
      expect(await bench.client.version()).toMatch(/^\d{4}\.\d{2}/);
      expect(await bench.client.masterConfig()).toEqual({ events: true, topic: 'org.lavasoftware' });
      const anonymous = createLavaClient({ url: bench.lab.url, timeoutMs: 20_000 });
      expect(await anonymous.whoami()).toBeUndefined();
    });

    it('refuses wrong credentials and none', async () => {
      const wrong = createLavaClient({
        url: bench.lab.url,
        user: bench.lab.user,
        token: 'wrong',
        timeoutMs: 20_000,
      });
      const none = createLavaClient({ url: bench.lab.url, timeoutMs: 20_000 });

      await expect(wrong.whoami()).rejects.toMatchObject({ name: 'PermanentError', code: 'lava_auth' });
      await expect(none.submit(bench.definition('pass', 'x'))).rejects.toMatchObject({ code: 'lava_auth' });
    });

    it.each<[string, Record<string, unknown> | string, RegExp]>([
      [
        'YAML that is none',
        'job_name: [unclosed\n  x: {',
        /Problem with submitted job data: Loading job submission failed/,
      ],
      ['a list', '[]', /Problem with submitted job data: expected a dictionary/],
      ['nothing', '', /Problem with submitted job data: expected a dictionary/],
      ['no visibility', { visibility: undefined }, /required key not provided @ data\['visibility'\]/],
      ['an unknown key', { extra_key: 1 }, /extra keys not allowed @ data\['extra_key'\]/],
      ['unknown context', { context: { no_such: 1 } }, / @ data\['context'\]\['no_such'\]/],
      ['a priority above 100', { priority: 101 }, /Invalid job priority: 101. Should be in \[0, 100\]/],
      [
        'a name of 201 letters',
        { job_name: 'x'.repeat(201) },
        /length of value must be at most 200 for dictionary value @ data\['job_name'\]/,
      ],
      ['no device type', { device_type: undefined }, /Internal Server Error .*: 'device_type'/],
      [
        'an unknown device type',
        { device_type: 'no-such' },
        /Device unavailable: Device type 'no-such' is unavailable\./,
      ],
      [
        'a type without devices',
        { device_type: 'qemu-empty' },
        /No devices of type qemu-empty are available\./,
      ],
      ['an unknown tag', { tags: ['no-such'] }, /Device tag 'no-such' does not exist in the database\.\./],
      [
        'a tag that no device has',
        { tags: ['slow'] },
        /No devices of type qemu are available which have all of the tags 'slow'\./,
      ],
    ])('refuses %s in its own words', async (_what, change, words) => {
      const text = typeof change === 'string' ? change : bench.definition('pass', 'refused', change);

      await expect(bench.client.submit(text)).rejects.toMatchObject({
        name: 'RequestError',
        code: 'lava_refused',
        message: expect.stringMatching(words),
      });
    });

    it('says in the words of its version what is wrong with a context', async () => {
      const text = bench.definition('pass', 'refused', { context: { no_such: 1 } });

      await expect(bench.client.submit(text)).rejects.toMatchObject({
        message: expect.stringContaining(bench.age.unknownContext),
      });
    });

    it('takes metadata that is deep, or refuses it, by its version', async () => {
      const text = bench.definition('long', newMark(), { metadata: { a: { b: 1 } } });
      const submitted = bench.client.submit(text);

      if (bench.age.anyMetadata) await bench.client.cancel(await submitted);
      else {
        await expect(submitted).rejects.toMatchObject({
          code: 'lava_refused',
          message: expect.stringContaining("expected str for dictionary value @ data['metadata']['a']"),
        });
      }
    });

    it("opens its API to a callback's token, unless that is a remote artifact token", async () => {
      const { url, user, callback } = bench.lab;
      const client = createLavaClient({ url, user, token: callback.token, timeoutMs: 20_000 });

      if (bench.age.remoteArtifactTokens)
        await expect(client.whoami()).rejects.toMatchObject({ code: 'lava_auth' });
      else expect(await client.whoami()).toBe(user);
    });

    it('validates by another schema than it submits by', async () => {
      expect(await bench.client.validate(bench.definition('pass', 'x'), true)).toBeUndefined();
      expect(
        await bench.client.validate(bench.definition('pass', 'x', { visibility: undefined }), false),
      ).toEqual({
        path: "['visibility']",
        message: 'required key not provided',
      });
      const extra = bench.definition('pass', 'x', { extra_key: 1 });
      expect(await bench.client.validate(extra, false)).toBeUndefined();
      expect(await bench.client.validate(extra, true)).toEqual({
        path: "['extra_key']",
        message: 'extra keys not allowed',
      });
      expect(await bench.client.validate('job_name: [unclosed\n  x: {', false)).toMatchObject({
        message: expect.stringContaining('in "<unicode string>", line'),
      });
    });

    it('knows nothing of a job that is not there', async () => {
      const missing = 2_000_000_000;

      expect((await bench.client.show([missing])).get(missing)).toMatchObject({ kind: 'missing' });
      for (const call of [
        () => bench.client.logs(missing, 0, 10),
        () => bench.client.fetchResults(missing),
        () => bench.client.definition(missing),
        () => bench.client.cancel(missing),
      ]) {
        await expect(call()).rejects.toMatchObject({ name: 'PermanentError', code: 'lava_not_found' });
      }
    });

    it('describes its devices, workers, tags and queue', async () => {
      const inventory = await readInventory(bench.client);

      const tagged = supplyOf(inventory, 'qemu', ['lab-tag']);
      expect(tagged).toMatchObject({ total: 1, online: 1, queued: expect.any(Number) });
      expect(supplyOf(inventory, 'qemu', ['slow'])).toMatchObject({ total: 0 });
      expect(supplyOf(inventory, 'qemu').total).toBeGreaterThan(1);
      const [board] = inventory.boards;
      expect(await bench.client.device(board?.name ?? '')).toEqual({
        health: expect.stringMatching(/^(?:Good|Unknown)$/),
        worker: expect.any(String),
      });
      expect(await bench.client.device('no-such-device')).toBeUndefined();
      const types = (await bench.client.deviceTypes()).map(({ name }) => name);
      expect(types).toEqual(expect.arrayContaining(['qemu', 'qemu-arm64', 'qemu-empty']));
    });

    describePassingJob(() => bench, waitMs);
    describeNewer(() => bench, waitMs);

    it('ends a job without its kernel as an error of the job', async () => {
      const id = await bench.client.submit(bench.definition('deploy-404', newMark()));
      await bench.untilEnd(id);
      const { body } = await bench.callback(id, 2);

      const { showsError } = bench.age;
      expect(await bench.until(id, 'Finished')).toMatchObject({
        health: 'Incomplete',
        errorType: showsError ? 'Job' : undefined,
        errorMsg: showsError ? expect.stringContaining('Resource unavailable') : undefined,
      });
      expect(body).toMatchObject({ status: 3, status_string: 'incomplete', health_string: 'Incomplete' });
      expect(records(body.results['lava'])).toMatchObject([
        { name: 'validate', result: 'fail' },
        {
          name: 'job',
          result: 'fail',
          metadata: {
            error_type: 'Job',
            error_msg: expect.stringMatching(
              /^Invalid job data: \["Resource unavailable at '.*' \(404\)"\]\n$/,
            ),
          },
        },
      ]);
    });

    it('stores expected cases that never came as failed, where it knows them', async () => {
      const id = await bench.client.submit(bench.definition('expected-404', newMark()));
      await bench.untilEnd(id);
      const { body } = await bench.callback(id, 2);

      if (bench.age.expectedCases) {
        expect(records(body.results['0_smoke'])).toMatchObject([
          {
            name: 'came',
            result: 'fail',
            metadata: { extra: [{ reason: "missing expected test cases are reported as 'fail' by LAVA." }] },
          },
        ]);
      } else expect(Object.keys(body.results)).toEqual(['lava']);
    });

    it('forces a case that came unasked to fail, where it knows expected ones', async () => {
      const id = await bench.client.submit(bench.definition('expected', newMark()));
      await bench.untilEnd(id);
      const { body } = await bench.callback(id, 2);

      const results = records(body.results['0_smoke']).map(({ name, result }) => `${name}: ${result}`);
      expect(results).toEqual(
        bench.age.expectedCases
          ? ['came: pass', 'unasked: fail', 'never-came: fail']
          : ['came: pass', 'unasked: pass'],
      );
      expect(String(body.log).includes("Forcing unexpected 'unasked' result 'pass' to 'fail'")).toBe(
        bench.age.expectedCases,
      );
    });

    it('calls a panic at boot a failure of the infrastructure', async () => {
      const id = await bench.client.submit(bench.definition('boot-panic', newMark()));
      await bench.untilEnd(id);
      const { body } = await bench.callback(id, 2);

      const own = records(body.results['lava']);
      expect(own.slice(-4)).toMatchObject([
        { name: 'login-action', result: 'fail', metadata: { extra: [{ fail: 'Connection closed' }] } },
        { name: 'auto-login-action', result: 'fail' },
        { name: 'boot-image-retry', result: 'fail' },
        {
          name: 'job',
          result: 'fail',
          metadata: { error_type: 'Infrastructure', error_msg: 'Connection closed' },
        },
      ]);
      expect(body.log).toMatch(/"lvl": "target", "msg": "\[ +\d+\.\d+\] Kernel panic - not syncing: VFS: /);
      expect(Object.keys(body.results)).toEqual(['lava']);
    });

    it('cancels a running job and a waiting one', async () => {
      const tags = { tags: ['lab-tag'] };
      const running = await bench.client.submit(bench.definition('long', newMark(), tags));
      const waiting = await bench.client.submit(bench.definition('long', newMark(), tags));
      await bench.until(running, 'Running');
      const other = createLavaClient({ url: bench.lab.url, timeoutMs: 20_000, ...bench.lab.other });
      await expect(other.cancel(waiting)).rejects.toMatchObject({ code: 'lava_forbidden' });
      await expect
        .poll(async () => (await bench.client.logs(running, 0, 10)).lines, { timeout: waitMs })
        .toBe(10);

      await bench.client.cancel(waiting);
      await bench.client.cancel(running);

      expect(await bench.info(waiting)).toMatchObject({
        state: 'Finished',
        health: 'Canceled',
        device: undefined,
      });
      expect(bench.callbacks(waiting)).toMatchObject([
        {
          body: {
            state_string: 'Finished',
            status: 4,
            actual_device_id: null,
            start_time: bench.age.callbackKnowsTimes ? expect.stringMatching(/^20/) : 'None',
            results: {},
          },
        },
      ]);
      expect(bench.callbacks(waiting)[0]?.body).not.toHaveProperty('log');
      await bench.untilEnd(running);
      expect(await bench.info(running)).toMatchObject({ state: 'Finished', health: 'Canceled' });
      const { body } = await bench.callback(running, 2);
      expect(body).toMatchObject({ status: 4, health_string: 'Canceled' });
      expect(records(body.results['lava']).at(-1)).toMatchObject({
        name: 'job',
        metadata: { error_type: 'Canceled', error_msg: 'The job was canceled' },
      });
      expect(bench.states(running)).toEqual(['Submitted', 'Scheduled', 'Running', 'Canceling', 'Finished']);
      await bench.client.cancel(running);
    });
  });
}
