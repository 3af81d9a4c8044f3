import { expect, it } from 'vitest';
import { JobRequest } from '../../src/maestro/request.ts';
import { testsOf } from '../../src/templates/tests.ts';

const NODE = '68f0c0ff0000000000000003';

function nameOf(id: string): string | undefined {
  const request = JobRequest.parse({
    node: { id: NODE, kind: 'job', name: 'job', path: ['job'], state: 'available', data: { runtime: 'r' } },
    definition: { artifacts: { kernel: 'https://x/Image' }, tests: [{ id, type: 'ltp' }] },
  });
  return testsOf(request, undefined, () => true)[0]?.name;
}

it.each([
  ['boot-test-68f0c0ff', 'boot-test'],
  ['68f0c0ff-smoke', 'smoke'],
  [`ltp.${NODE}.fs`, 'ltp_fs'],
  ['ltp-smoke', 'ltp-smoke'],
  ['ltp-12345678', 'ltp-12345678'],
  ['68f0c0ff', '68f0c0ff'],
  ['ltp-68f0', 'ltp-68f0'],
])('a test with the id %s is called %s in every run', (id, name) => {
  expect(nameOf(id)).toBe(name);
});
