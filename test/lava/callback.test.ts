import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCallback } from '../../src/lava/callback.ts';

function fixture(name: string): Record<string, unknown> {
  const file = join(import.meta.dirname, '..', 'fixtures', 'callbacks', `${name}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

describe('a callback', () => {
  it('of a finished job has job, results and log', () => {
    const { job, hasResults, log } = parseCallback(fixture('complete'));

    expect(job).toMatchObject({
      id: 2,
      state: 'Finished',
      health: 'Complete',
      device: 'qemu-02',
      submittedAt: Date.UTC(2026, 10, 21, 16, 59, 7, 622),
      startedAt: Date.UTC(2026, 10, 21, 16, 59, 7, 849),
      finishedAt: undefined,
      description: 'lavalab boot and test',
      failureComment: undefined,
    });
    expect(job.cases).toHaveLength(27);
    expect(job.cases.map((c) => c.id)).toEqual(Array.from({ length: 27 }, (_, i) => i + 2));
    expect(hasResults).toBe(true);
    expect(log?.startsWith('- {"dt": ')).toBe(true);
  });

  it('of a running job has neither results nor times that are None', () => {
    const { job, log } = parseCallback(fixture('running'));

    expect(job).toMatchObject({ state: 'Running', health: 'Unknown', startedAt: undefined, cases: [] });
    expect(log).toBeUndefined();
  });

  it.each([
    ['dataset-minimal', false, false],
    ['dataset-results', true, false],
    ['dataset-logs', false, true],
  ])('has what its data set has: %s', (name, results, log) => {
    const callback = parseCallback(fixture(name));

    expect(callback.hasResults).toBe(results);
    expect(callback.log !== undefined).toBe(log);
  });

  it('of a job that never ran has no device', () => {
    expect(parseCallback(fixture('canceled-waiting')).job).toMatchObject({
      health: 'Canceled',
      device: undefined,
    });
  });

  it('of LAVA 2026.07 is read as well', () => {
    const body = {
      ...fixture('complete'),
      submitter_email: 'bridge@example.org',
      health_check: false,
      metadata: [{ run: 'r-77' }],
      end_time: '2026-08-21 15:31:40+00:00',
      token: undefined,
    };

    expect(parseCallback(body).job.finishedAt).toBe(Date.UTC(2026, 7, 21, 15, 31, 40));
  });

  it('is understood by its numbers where the words are missing', () => {
    const { state_string: _s, health_string: _h, ...body } = fixture('boot-panic');

    expect(parseCallback(body).job).toMatchObject({ state: 'Finished', health: 'Incomplete' });
  });

  it('does not pass its token on', () => {
    const body = { ...fixture('complete'), token: 'a-live-credential' };

    expect(JSON.stringify(parseCallback(body))).not.toContain('a-live-credential');
  });

  it.each([
    ['no object', 'text', 'bad_callback', undefined],
    ['no id', { state_string: 'Finished', health_string: 'Complete' }, 'bad_callback', 'id'],
    [
      'an unknown state',
      { id: 1, state_string: 'Dancing', health_string: 'Complete' },
      'bad_callback',
      'state_string',
    ],
    [
      'results that are no text',
      { id: 1, state: 5, health: 1, results: { s: [] } },
      'bad_callback',
      'results.s',
    ],
    [
      'results that are no YAML',
      { id: 1, state: 5, health: 1, results: { s: '- "' } },
      'bad_results',
      'results.s',
    ],
    ['form data', { id: '1', state: '5', results: 'lava' }, 'bad_callback', 'state'],
  ])('is refused if it has %s', (_what, body, code, field) => {
    expect(() => parseCallback(body)).toThrow(expect.objectContaining({ code, field }));
  });
});
