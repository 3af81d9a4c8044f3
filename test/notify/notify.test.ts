import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { compare, messageOf } from '../../src/notify/notifier.ts';
import { conditionsOf } from '../../src/notify/conditions.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { BridgeConfig } from '../../src/config/schema.ts';
import { openSenders } from '../../src/notify/senders.ts';
import { startWebhook } from '../support/webhook.ts';
import { atEnd, testWorld, until } from '../support/world.ts';

const Posted = z.object({ began: z.array(z.string()), ended: z.array(z.string()) });

it('a lab that is away is reported once when that lasts, and once when it is over', async () => {
  const { url, posted } = await startWebhook(Posted);
  const world = await testWorld({
    config: { notify: { webhook: { url }, away_after: '10m', disk_free: 1 } },
    delays: { claimSettle: 100, kcidbFirstLook: 100, askParts: 100, notify: 100 },
  });
  const endFault = world.lava.faults.add({ kind: 'status', status: 503 });
  await until('the lab is away', () =>
    world.daemon.context.labs.get('lava-demo')?.state().status === 'down' ? true : undefined,
  );
  world.jump(11 * MINUTE);
  await until('it is reported', () => (posted.length > 0 ? true : undefined));
  endFault();
  world.jump(MINUTE);
  await until('its end is reported', () => (posted.some(({ ended }) => ended.length > 0) ? true : undefined));

  const about = (texts: string[]): string[] => texts.filter((text) => text.includes('the lab lava-demo'));
  expect(posted.flatMap(({ began }) => about(began))).toHaveLength(1);
  expect(posted.flatMap(({ ended }) => about(ended))).toHaveLength(1);
});

it('the address of a webhook may be a secret', async () => {
  const { url, posted } = await startWebhook(z.object({ text: z.string() }));
  process.env['TEST_HOOK'] = `${url}/`;
  atEnd(async () => void delete process.env['TEST_HOOK']);
  const webhook = (env: string): ReturnType<typeof openSenders> =>
    openSenders(BridgeConfig.shape.notify.parse({ webhook: { url: { env } } }));

  await webhook('TEST_HOOK').get('webhook')?.({ subject: 's', text: 'told', facts: {} });

  expect(posted).toEqual([{ text: 'told' }]);
  process.env['TEST_HOOK'] = 'chat.example/hooks/1';
  expect(() => webhook('TEST_HOOK')).toThrow(/^notify\.webhook\.url is not an http or https URL/);
});

it('what comes and goes is reported once an hour', () => {
  const away = [{ key: 'away lab a', text: 'away' }];
  let { began, ended, next } = compare({}, away, 0);
  expect([began, ended]).toEqual([['away'], []]);
  let reported = 0;
  for (let minute = 1; minute < 59; minute += 1) {
    ({ began, ended, next } = compare(next, minute % 2 === 0 ? away : [], minute * MINUTE));
    reported += began.length + ended.length;
  }
  expect(reported).toBe(1);
  ({ began } = compare(next, away, HOUR + MINUTE));
  expect(began).toEqual(['away']);
});

it('what was reported before a restart is not reported again', () => {
  const { next } = compare({}, [{ key: 'disk', text: 'low' }], 0);
  const { began, ended } = compare(next, [{ key: 'disk', text: 'lower' }], 5 * HOUR);
  expect([began, ended]).toEqual([[], []]);
});

it('a parked delivery and a low disk are conditions; a lab that is away for a moment is none', () => {
  const part = { kind: 'lab', name: 'a', status: 'down', since: 0, answeredAt: 0, why: 'no route' } as const;
  const limits = { awayAfter: 10 * MINUTE, diskFree: 2 ** 30, harnessFailures: 3 };
  const facts = {
    parts: [part],
    parked: new Map([['kcidb', 2]]),
    failing: [],
    drains: [],
    damaged: [],
    disks: [
      { folders: '/var/lib/lava-bridge', free: 2 ** 20, size: 2 ** 40 },
      { folders: '/srv/logs', free: 2 ** 31, size: 2 ** 40 },
    ],
  };
  expect(conditionsOf(facts, limits, MINUTE).map(({ key }) => key)).toEqual([
    'parked kcidb',
    'disk /var/lib/lava-bridge',
  ]);
  expect(conditionsOf(facts, limits, HOUR).map(({ key }) => key)).toEqual([
    'away lab a',
    'parked kcidb',
    'disk /var/lib/lava-bridge',
  ]);
});

it('words from outside make no header of a mail, and no other addressee', async () => {
  const mail = await mailServer();
  const config = { server: mail.url, from: 'bridge@example.org', to: ['admin@example.org'] };
  const send = openSenders(BridgeConfig.shape.notify.parse({ mail: config })).get('mail');
  const why = 'no\r\nBcc: evil@example.org\r\n\r\n.\r\nRCPT TO:<evil@example.org>\r\n';

  await send?.(messageOf({ instance: 'x\nCc: evil@example.org', began: [why, why], ended: [why] }));

  expect(mail.commands.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<admin@example.org>']);
  const [head = ''] = mail.message().split('\r\n\r\n');
  expect(head).not.toMatch(/^b?cc:/im);
  expect(head).toMatch(/^Subject: \[x Cc: evil@example\.org\] no Bcc: /m);
});

/** Takes mails, and keeps what was said. */
async function mailServer(): Promise<{ url: string; commands: string[]; message: () => string }> {
  const commands: string[] = [];
  let message = '';
  const server = createServer((socket) => {
    let isMessage = false;
    socket.write('220 mail.example\r\n');
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      if (isMessage) {
        if (line !== '.') message += `${line}\r\n`;
        else {
          isMessage = false;
          socket.write('250 ok\r\n');
        }
        return;
      }
      commands.push(line);
      isMessage = line === 'DATA';
      socket.write(isMessage ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return { url: `smtp://127.0.0.1:${address.port}`, commands, message: () => message };
}
