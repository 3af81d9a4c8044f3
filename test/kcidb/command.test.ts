import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { TemporaryError } from '../../src/core/errors.ts';
import { createKcidbCommand } from '../../src/kcidb/command.ts';
import type { KcidbSink } from '../../src/kcidb/sink.ts';
import { newFolder } from '../support/folder.ts';

const REPORT = { version: { major: 5, minor: 3 }, tests: [] };

let directory: string;

beforeEach(async () => {
  directory = await newFolder();
});

/** A sink whose command is a program of Node's. */
function node(program: string, args: string[] = [], timeoutMs = 120_000): KcidbSink {
  return createKcidbCommand({ command: [process.execPath, '-e', program, '--', ...args], timeoutMs });
}

it('gives the report to the command on its standard input', async () => {
  const file = join(directory, 'report.json');

  await node('fs.writeFileSync(process.argv[1], fs.readFileSync(0))', [file]).submit(REPORT);

  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(REPORT);
});

it('gives what the command prints as the id, if it prints something', async () => {
  expect(await node("console.log('projects/p/topics/t:17')").submit(REPORT)).toEqual({
    id: 'projects/p/topics/t:17',
  });
  expect(await node('').submit(REPORT)).toEqual({});
});

it('hands arguments over as they are, without a shell', async () => {
  const argument = '$(touch x) `id` "quoted" *';

  expect(await node('console.log(process.argv[1])', [argument]).submit(REPORT)).toEqual({ id: argument });
});

it('says what the command complained of', async () => {
  const failed = node("console.error('noise '.repeat(10000) + 'no route to host'); process.exit(3)").submit(
    REPORT,
  );

  await expect(failed).rejects.toBeInstanceOf(TemporaryError);
  await expect(failed).rejects.toMatchObject({
    code: 'kcidb_command',
    message: expect.stringMatching(/.{100,800}no route to host$/),
  });
});

it('counts the exit code of a command that does not read the report', async () => {
  const large = { ...REPORT, misc: 'x'.repeat(5_000_000) };

  expect(await node('process.exit(0)').submit(large)).toEqual({});
  await expect(node('process.exit(1)').submit(large)).rejects.toMatchObject({ code: 'kcidb_command' });
});

it('kills a command that takes too long, and what it has started', async () => {
  const shell = createKcidbCommand({ command: ['/bin/sh', '-c', 'sleep 1000 & sleep 1000'], timeoutMs: 100 });

  await expect(shell.submit(REPORT)).rejects.toMatchObject({ code: 'kcidb_command' });
});

it('is not flooded by a command that prints without end', async () => {
  const flood = node("process.stdout.write('x'.repeat(50_000_000), () => process.exit(0))");

  const { id } = await flood.submit(REPORT);

  expect(id?.length).toBeLessThan(1000);
});

it('says that the command is not there', async () => {
  const missing = createKcidbCommand({ command: [join(directory, 'no-such-program')], timeoutMs: 120_000 });

  await expect(missing.submit(REPORT)).rejects.toMatchObject({
    code: 'kcidb_command',
    cause: expect.objectContaining({ code: 'ENOENT' }),
  });
});
