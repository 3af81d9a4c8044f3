// What acts outside asks first: work that is another daemon's by now sends nothing, by whatever way it would.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BridgeConfig } from '../../src/config/schema.ts';
import { actingUnder } from '../../src/core/acting.ts';
import { exchange } from '../../src/core/http-exchange.ts';
import { LostLeaseError } from '../../src/core/lease.ts';
import { createKcidbCommand } from '../../src/kcidb/command.ts';
import { openSenders, type Send } from '../../src/notify/senders.ts';
import { newFolder } from '../support/folder.ts';
import { startSmtp } from '../support/smtp.ts';
import { startWebhook } from '../support/webhook.ts';

/** A way out: sends something, and says how much has arrived. */
interface Way {
  send: () => Promise<unknown>;
  arrived: () => number;
}

const MESSAGE = { subject: 'news', text: 'news', facts: {} };

function sender(name: string, notify: object): Send {
  const send = openSenders(BridgeConfig.shape.notify.parse(notify)).get(name);
  if (send === undefined) throw new Error(`there is no ${name}`);
  return send;
}

const WAYS: Record<string, () => Promise<Way>> = {
  'an HTTP exchange': async () => {
    const { url, posted } = await startWebhook(z.looseObject({}));
    return {
      send: () => exchange({ method: 'POST', url, body: '{}', timeoutMs: 60_000 }),
      arrived: () => posted.length,
    };
  },
  'a webhook': async () => {
    const { url, posted } = await startWebhook(z.looseObject({}));
    const send = sender('webhook', { webhook: { url } });
    return { send: () => send(MESSAGE), arrived: () => posted.length };
  },
  'a mail': async () => {
    const smtp = await startSmtp();
    const mail = {
      server: `smtp://127.0.0.1:${smtp.port}`,
      from: 'bridge@example.org',
      to: ['admin@example.org'],
    };
    const send = sender('mail', { mail });
    return { send: () => send(MESSAGE), arrived: () => smtp.mails.length };
  },
  'a command for KCIDB': async () => {
    const file = join(await newFolder(), 'report.json');
    const { submit } = createKcidbCommand({
      command: [process.execPath, '-e', `fs.writeFileSync(${JSON.stringify(file)}, fs.readFileSync(0))`],
      timeoutMs: 60_000,
    });
    return { send: () => submit({}), arrived: () => (existsSync(file) ? 1 : 0) };
  },
};

describe.each(Object.entries(WAYS))('%s', (_name, open) => {
  let way: Way;
  beforeEach(async () => {
    way = await open();
  });

  it('is not sent once the lease of its work is lost', async () => {
    const lost = (): never => {
      throw new LostLeaseError('lab a');
    };
    await expect(actingUnder(lost, way.send)).rejects.toMatchObject({ code: 'lost_lease' });
    expect(way.arrived()).toBe(0);
  });

  it('is sent while it holds', async () => {
    await actingUnder(() => undefined, way.send);
    expect(way.arrived()).toBe(1);
  });
});
