import type { RequestListener } from 'node:http';
import { expect, it } from 'vitest';
import { createMetadataReader } from '../../src/intake/build-metadata.ts';
import { listen } from '../support/listen.ts';

async function serve(listener: RequestListener): Promise<string> {
  return `${await listen(listener)}/metadata.json`;
}

const limits = { timeoutMs: 5000, maxBytes: 1000, maxRedirects: 2, networks: ['loopback'] };
const metadata = { artifacts: { 'dtbs/a/b.dtb': 'https://a.example/b.dtb' }, other: [1] };

it('reads where a build’s files are, once for many jobs', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked++;
    response.end(JSON.stringify(metadata));
  });
  const read = createMetadataReader(limits);

  const both = await Promise.all([read(url), read(url)]);

  expect([both, asked]).toEqual([[metadata.artifacts, metadata.artifacts], 1]);
});

it('asks again after a failure, unless failures are kept', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked++;
    if (asked === 1) response.writeHead(503);
    response.end(JSON.stringify(metadata));
  });
  const read = createMetadataReader(limits);
  const keeping = createMetadataReader(limits, { keepFailures: true });

  await expect(read(url)).rejects.toMatchObject({ code: 'fetch_busy' });
  expect(await read(url)).toEqual(metadata.artifacts);
  asked = 0;
  await expect(keeping(url)).rejects.toMatchObject({ code: 'fetch_busy' });
  await expect(keeping(url)).rejects.toMatchObject({ code: 'fetch_busy' });
  expect(asked).toBe(1);
});

it.each([
  ['not JSON', 'bad_metadata'],
  ['{"artifacts": [1]}', 'bad_metadata'],
  ['null', 'bad_metadata'],
  ['x'.repeat(2000), 'too_large'],
])('refuses %j', async (body, code) => {
  const url = await serve((_, response) => response.end(body));

  await expect(createMetadataReader(limits)(url)).rejects.toMatchObject({ code });
});

it('does not ask private addresses unless that is allowed', async () => {
  const url = await serve((_, response) => response.end(JSON.stringify(metadata)));

  await expect(createMetadataReader({ ...limits, networks: ['public'] })(url)).rejects.toMatchObject({
    code: 'fetch_refused',
  });
});

it('forgets the oldest build', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked++;
    response.end(JSON.stringify(metadata));
  });
  const read = createMetadataReader(limits, { kept: 2 });

  for (const n of [1, 2, 3, 1]) await read(`${url}?${n}`);

  expect(asked).toBe(4);
});
