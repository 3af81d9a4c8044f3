// Mail, sent to a server on loopback that speaks SMTP.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../../src/core/logger.ts';
import { expect, it } from 'vitest';
import { BridgeConfig } from '../../src/config/schema.ts';
import { messageOf, runNotifier } from '../../src/notify/notifier.ts';
import { openSenders, type Send } from '../../src/notify/senders.ts';
import { newFolder } from '../support/folder.ts';
import { startSmtp } from '../support/smtp.ts';
import { until } from '../support/wait.ts';

function senderTo(server: string): Send {
  const notify = BridgeConfig.shape.notify.parse({
    mail: { server, from: 'bridge@example.org', to: ['admin@example.org'] },
  });
  const send = openSenders(notify).get('mail');
  if (send === undefined) throw new Error('there is no mail');
  return send;
}

const FACTS = { instance: 'prod', began: ['the lab a is down: no route'], ended: ['the disk was low'] };
const NEWS = messageOf(FACTS);

it('a notification is a mail that says what began and what is over', async () => {
  const smtp = await startSmtp();
  await senderTo(`smtp://127.0.0.1:${smtp.port}`)(NEWS);
  const [mail] = smtp.mails;
  expect(mail).toMatchObject({ isEncrypted: false, to: ['RCPT TO:<admin@example.org>'] });
  expect(mail?.data).toMatch(/^Subject: \[prod\] the lab a is down: no route \(and 1 more\)$/m);
  expect(mail?.data).toContain('the lab a is down: no route\nOver: the disk was low');
});

it('words of others add no header', async () => {
  const smtp = await startSmtp();
  const hostile = 'down\r\nBcc: everybody@example.org\r\n\r\nnew body';
  await senderTo(`smtp://127.0.0.1:${smtp.port}`)(messageOf({ ...FACTS, began: [hostile] }));
  const [head = ''] = (smtp.mails[0]?.data ?? '').split('\n\n');
  expect(head).not.toMatch(/^Bcc:/im);
  expect(smtp.mails[0]?.to).toEqual(['RCPT TO:<admin@example.org>']);
});

it('it goes encrypted where the server offers that, with the password of the configuration', async () => {
  const folder = await newFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' }); // prettier-ignore
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  const smtp = await startSmtp({ tls, needsLogin: true });
  const server = `127.0.0.1:${smtp.port}`;
  // A certificate that nobody vouches for is refused, unless the address says otherwise.
  await expect(senderTo(`smtp://u:right@${server}`)(NEWS)).rejects.toThrow(/certificate/);
  await senderTo(`smtp://u:right@${server}?tls.rejectUnauthorized=false`)(NEWS);
  expect(smtp.mails).toMatchObject([{ isEncrypted: true, login: '\0u\0right' }]);
  await expect(senderTo(`smtp://u:wrong@${server}?tls.rejectUnauthorized=false`)(NEWS)).rejects.toThrow(
    /535/,
  );
});

it('what the server refuses, for now or for good, is said once and tried again with the next look', async () => {
  const smtp = await startSmtp();
  const settings = new Map<string, string>();
  const log: string[] = [];
  const stop = new AbortController();
  smtp.refusal = '451 4.3.0 later';
  const done = runNotifier(
    {
      instance: 'prod',
      senders: new Map([['mail', senderTo(`smtp://127.0.0.1:${smtp.port}`)]]),
      conditions: async () => [{ key: 'disk', text: 'the disk is low' }],
      store: {
        setting: async (key) => settings.get(key),
        saveSetting: async (key, text) => void settings.set(key, text),
      },
      log: createLogger('info', { write: (line) => log.push(line) }),
      now: Date.now,
      every: 20,
    },
    stop.signal,
  );
  const failures = (): string[] => log.filter((line) => line.includes('could not be sent'));
  await until('it is refused', () => (failures().length > 0 ? true : undefined));
  smtp.refusal = '550 5.7.1 never';
  await until('time goes by', () => new Promise<true>((resolve) => setTimeout(() => resolve(true), 100)));
  smtp.refusal = undefined;
  await until('it is sent', () => (smtp.mails.length > 0 ? true : undefined));
  await until('time goes by', () => new Promise<true>((resolve) => setTimeout(() => resolve(true), 100)));
  stop.abort();
  await done;
  expect(failures()).toHaveLength(1);
  expect(failures()[0]).toContain('451');
  expect(smtp.mails).toHaveLength(1);
});
