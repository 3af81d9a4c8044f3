import { expect, it } from 'vitest';
import { openLog } from '../../src/core/logger.ts';
import { journalEntry, logfmt, readRecord } from '../../src/core/log-record.ts';
import { receiveDatagrams } from '../support/datagrams.ts';

it('the journal gets each line as an entry with fields, in order', async () => {
  const journal = await receiveDatagrams();
  const { log } = await openLog('info', journal.path);
  log.info({ event: 'submitted', job: 'lab:65f0', lavaId: 42, device: null }, 'submitted: LAVA job 42');
  log.error({ error: 'two\nlines' }, 'it failed');

  const [first, second] = journal.received();
  expect(first?.toString().split('\n')).toEqual([
    'MESSAGE=submitted: LAVA job 42 event=submitted job=lab:65f0 lava_id=42',
    'PRIORITY=6',
    'SYSLOG_IDENTIFIER=lava-bridge',
    'BRIDGE_EVENT=submitted',
    'BRIDGE_JOB=lab:65f0',
    'BRIDGE_LAVA_ID=42',
    '',
  ]);
  expect(second?.includes('PRIORITY=3\n')).toBe(true);
  expect(second?.includes('BRIDGE_ERROR\n\x09\0\0\0\0\0\0\0two\nlines\n')).toBe(true);
});

it('a secret under its usual names does not reach the journal', async () => {
  const journal = await receiveDatagrams();
  const { log } = await openLog('info', journal.path);
  log.info({ token: 'hunter2', headers: { authorization: 'hunter2' } }, 'asked');
  expect(journal.received()[0]?.toString()).not.toContain('hunter2');
});

it('the level changes while the daemon runs, for every part of it', async () => {
  const journal = await receiveDatagrams();
  const { log, setLevel } = await openLog('info', journal.path);
  const part = log.child({ lab: 'lava-a' });
  part.debug('unseen');
  setLevel('debug');
  part.debug('seen');
  setLevel('error');
  part.warn('unseen again');
  expect(journal.received().map((entry) => entry.toString().split('\n')[0])).toEqual([
    'MESSAGE=seen lab=lava-a',
  ]);
});

it('on a terminal a line is logfmt, and no text can make another field or line', () => {
  const record = readRecord(
    '{"level":"warn","time":"2026-11-28T01:00:00.000Z","lab":"a","why":"it said \\"x\\"\\nlevel=info","msg":"the lab is away"}\n',
  );
  expect(logfmt(record)).toBe(
    'time=2026-11-28T01:00:00.000Z level=warn msg="the lab is away" lab=a why="it said \\"x\\"\\nlevel=info"\n',
  );
});

it('no text steers a terminal, or makes the journal hide its line', () => {
  const hostile = 'a\u001b[2Jb\u009b2Kc\u202ed\u0000e\rf\u{e0001}\ud800';
  const record = readRecord(
    JSON.stringify({ level: 'info', msg: hostile, why: hostile, [hostile]: hostile }),
  );
  for (const text of [logfmt(record), journalEntry(record).toString()]) {
    expect(text).toContain('a?[2Jb?2Kc?d?e?f?');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
});

it('a field of the journal cannot end early, whatever it holds', () => {
  const record = readRecord(
    JSON.stringify({ level: 'info', msg: 'x', job: 'a\nPRIORITY=0\nMESSAGE=forged' }),
  );
  const lines = journalEntry(record).toString('latin1').split('\n');
  // With its length before it: what follows is that many bytes of text.
  expect(lines.slice(3)).toEqual(['BRIDGE_JOB', '\x1b\0\0\0\0\0\0\0a', 'PRIORITY=0', 'MESSAGE=forged', '']);
});

it('a huge value still fits into one datagram', () => {
  const entry = journalEntry(readRecord(JSON.stringify({ level: 'info', msg: 'x', why: 'y'.repeat(1e6) })));
  expect(entry.length).toBeLessThan(64 * 1024);
});
