// The contract of one job that passes: how it is shown, what it sends, its results, its log and its events.
import { parse } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLavaClient } from '../../src/lava/client.ts';
import { newMark, records, type Bench } from './lava-bench.ts';

/** 2.45, with as many decimals as the LAVA has. */
const MEASURED = expect.stringMatching(/^2\.450+(17763568394003)?$/) as unknown;

/** What comes of `pass`, as LAVA exports it: name, result, measurement, unit, set. */
const CASES: unknown[][] = [
  ['pass-by-command', 'pass', 'None', '', undefined],
  ['fail-by-command', 'fail', 'None', '', undefined],
  ['skipped', 'skip', 'None', '', undefined],
  ['unknown', 'unknown', 'None', '', undefined],
  ['measured', 'pass', MEASURED, 'ms', undefined],
  ['in-set', 'fail', 'None', '', 'set-one'],
];

const LOG_LINE =
  /^- \{"dt": "[^"]+", "lvl": "[a-z]+", "msg": ("(?:[^"\\]|\\.)*"|\{.*\}|\[.*\]|! "[^"]*")(?:, "ns": "[^"]*")?\}$/;

/** Defines the tests; `opened` is asked once the bench is there. */
export function describePassingJob(opened: () => Bench, waitMs: number): void {
  describe('a job that passes', { timeout: waitMs }, () => {
    let bench: Bench;
    let id: number;
    let text: string;
    let name: string;
    let logAtOnce: unknown;

    beforeAll(async () => {
      bench = opened();
      name = newMark();
      text = bench.definition('pass', name);
      id = await bench.client.submit(text);
      logAtOnce = await bench.client.logs(id, 0, 10);
      await bench.untilEnd(id);
      await bench.until(id, 'Finished');
    }, waitMs);

    it('is shown with its end', async () => {
      const job = await bench.info(id);

      expect(job).toMatchObject({
        id,
        state: 'Finished',
        health: 'Complete',
        description: `contract ${name}`,
        submitter: bench.lab.user,
        deviceType: 'qemu',
        device: expect.stringMatching(/^qemu-/),
        tags: [],
        submittedAt: expect.any(Number),
        startedAt: expect.any(Number),
        finishedAt: expect.any(Number),
        failureComment: undefined,
        errorType: undefined,
      });
      const [submitted = 0, started = 0, finished = 0] = [job.submittedAt, job.startedAt, job.finishedAt];
      expect([submitted, started, finished].toSorted((a, b) => a - b)).toEqual([
        submitted,
        started,
        finished,
      ]);
    });

    it('has two callbacks, each sent before the job is saved', () => {
      const words = bench
        .callbacks(id)
        .map(({ body, shown }) => [
          body['state_string'],
          body['health_string'],
          body['status_string'],
          shown?.kind === 'job' ? shown.job.state : shown?.reason,
        ]);

      expect(words).toEqual([
        ['Running', 'Unknown', 'running', 'Scheduled'],
        ['Finished', 'Complete', 'complete', 'Running'],
      ]);
    });

    it('carries the token in its header, and the keys of its version', () => {
      const [running, finished] = bench.callbacks(id);
      const { tokenInBody, submitterInBody, callbackKnowsTimes, callbackKnowsMetadata } = bench.age;
      const keys = [
        ...'actual_device_id,definition,description,end_time,failure_comment,health,health_string,id'.split(
          ',',
        ),
        ...'metadata,priority,results,start_time,state,state_string,status,status_string'.split(','),
        ...'submit_time,submitter_username'.split(','),
        ...(tokenInBody ? ['token'] : []),
        ...(submitterInBody ? ['health_check', 'submitter_email'] : []),
      ];

      expect(Object.keys(running?.body ?? {}).toSorted()).toEqual(keys.toSorted());
      expect(Object.keys(finished?.body ?? {}).toSorted()).toEqual([...keys, 'log'].toSorted());
      for (const { headers, body } of bench.callbacks(id)) {
        expect(headers).toMatchObject({
          authorization: bench.lab.callback.token,
          'content-type': 'application/json',
        });
        expect(body).toMatchObject({
          id,
          ...(tokenInBody ? { token: bench.lab.callback.token } : {}),
          metadata: callbackKnowsMetadata ? [{ build: '42' }] : [],
          priority: 100,
          failure_comment: null,
          submitter_username: bench.lab.user,
          description: `contract ${name}`,
          actual_device_id: expect.stringMatching(/^qemu-/),
          submit_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?\+00:00$/),
        });
        expect(parse(String(body['definition']))).toEqual(parse(text));
        // Sorted by their keys, or in the order of the submission.
        expect(String(body['definition'])).toMatch(
          callbackKnowsMetadata ? /^job_name: / : /^actions:\n- deploy:\n/,
        );
      }
      const time = callbackKnowsTimes ? expect.stringMatching(/^20\d\d-\d\d-\d\d .*\+00:00$/) : 'None';
      expect(running?.body).toMatchObject({ start_time: time, end_time: 'None', results: {} });
      expect(finished?.body).toMatchObject({ start_time: expect.stringMatching(/^20/), end_time: time });
      expect([running?.body['status'], running?.body['state'], running?.body['health']]).toEqual([1, 3, 0]);
      expect([finished?.body['status'], finished?.body['state'], finished?.body['health']]).toEqual([
        2, 5, 1,
      ]);
    });

    it('has the results that its steps report', () => {
      const results = bench.callbacks(id)[1]?.body.results ?? {};

      expect(Object.keys(results).toSorted()).toEqual(['0_smoke', '1_second', 'lava']);
      expect(
        records(results['0_smoke']).map((r) => [r.name, r.result, r.measurement, r.unit, r.metadata['set']]),
      ).toEqual(CASES);
      expect(records(results['1_second'])).toMatchObject([
        { name: 'only', result: 'pass', suite: '1_second' },
      ]);
      const own = records(results['lava']).map((r) => r.name);
      expect(own[0]).toBe('validate');
      expect(own.at(-1)).toBe('job');
      expect(own).toEqual(
        expect.arrayContaining([
          'test-overlay',
          'http-download',
          'execute-qemu',
          'kernel-messages',
          'login-action',
          '0_smoke',
          '1_second',
        ]),
      );
      for (const record of records(results['0_smoke'])) {
        expect(Object.keys(record).toSorted()).toEqual(
          'id,job,level,log_end_line,log_start_line,logged,measurement,metadata,name,result,suite,unit,url'.split(
            ',',
          ),
        );
      }
    });

    it('gives the same results when they are fetched', async () => {
      const told = bench.callbacks(id)[1]?.body.results ?? {};

      const fetched = await bench.client.fetchResults(id);

      // A callback's order is the database's own.
      expect(Object.keys(fetched).toSorted()).toEqual(Object.keys(told).toSorted());
      for (const [suite, text] of Object.entries(fetched))
        expect(records(text)).toEqual(records(told[suite]));
      const likely = [...Object.keys(told), '99_never-run'];
      expect(await bench.client.fetchResults(id, likely)).toEqual(fetched);
    });

    it('gives the same log in parts, and nothing before it began', async () => {
      let log = '';
      let lines = 0;
      for (;;) {
        const part = await bench.client.logs(id, lines, 200);
        log += part.text;
        lines += part.lines;
        expect(part.finished).toBe(true);
        if (!part.more) break;
      }

      expect(logAtOnce).toEqual({ finished: false, text: '', lines: 0, more: true });
      expect(log).toBe(bench.callbacks(id)[1]?.body.log);
      expect(log.split('\n').filter((line) => line !== '' && !LOG_LINE.test(line))).toEqual([]);
    });

    it('has a console with the kernel, the signals and the cases where the results say', () => {
      const lines = (bench.callbacks(id)[1]?.body.log ?? '').split('\n');

      expect(lines.findIndex((l) => /"target".*\[    0\.000000\] Linux version \d/.test(l))).toBeGreaterThan(
        0,
      );
      const results = records(bench.callbacks(id)[1]?.body.results['0_smoke']);
      const first = results.find(({ name }) => name === 'pass-by-command');
      expect(lines[Number(first?.log_start_line)]).toContain('<STARTTC> pass-by-command');
      expect(lines[Number(first?.log_end_line)]).toContain('<ENDTC> pass-by-command');
      const told = results.find(({ name }) => name === 'skipped');
      expect(told?.log_start_line).toBe(told?.log_end_line);
      expect(lines[Number(told?.log_start_line)]).toContain('<TESTCASE> TEST_CASE_ID=skipped RESULT=skip');
      for (const signal of ['STARTRUN 0_smoke', 'ENDRUN 0_smoke', 'STARTRUN 1_second', 'ENDRUN 1_second']) {
        expect(lines.some((l) => l.includes(`"target", "msg": "<LAVA_SIGNAL_${signal} ${id}_`))).toBe(true);
      }
    });

    it('has its events in order', () => {
      expect(bench.states(id)).toEqual(['Submitted', 'Scheduled', 'Running', 'Finished']);
      expect(bench.events.findLast((e) => e.kind === 'job' && e.id === id)).toEqual({
        kind: 'job',
        at: expect.any(Number),
        id,
        state: 'Finished',
        health: 'Complete',
        device: expect.stringMatching(/^qemu-/),
        submitter: bench.lab.user,
        description: `contract ${name}`,
      });
    });

    it('is found by its mark, and keeps its definition', async () => {
      expect(await bench.client.findByMark(name)).toMatchObject({ ids: [id], complete: true });
      expect(await bench.client.findByMark(name, { sinceId: id })).toMatchObject({ ids: [], complete: true });
      const other = createLavaClient({ url: bench.lab.url, timeoutMs: 20_000, ...bench.lab.other });
      expect((await other.findByMark(name)).ids).toEqual([]);
      expect(await bench.client.definition(id)).toBe(text);
    });

    it('may be cancelled after its end, to no effect', async () => {
      await bench.client.cancel(id);

      expect(await bench.info(id)).toMatchObject({ state: 'Finished', health: 'Complete' });
    });
  });
}
