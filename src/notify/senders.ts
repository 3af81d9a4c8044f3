// The ways by which notifications and reports leave: mail, and a webhook.
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret, resolveUrl } from '../config/secrets.ts';
import { mayAct } from '../core/acting.ts';
import { TemporaryError } from '../core/errors.ts';
import { answerError, type Explanations } from '../core/http-answer.ts';
import { exchange, place } from '../core/http-exchange.ts';
import { SECOND } from '../core/time.ts';

/** What is sent. */
export interface Message {
  /** One line. */
  subject: string;
  text: string;
  /** What a webhook is given besides the text. */
  facts: Record<string, unknown>;
}

/** Sends one, or throws. */
export type Send = (message: Message) => Promise<void>;

const TIME_LIMIT = 30 * SECOND;

/** Those that the configuration names, by name. Throws BridgeError for a secret that is not there. */
export function openSenders({ mail, webhook }: BridgeConfig['notify']): ReadonlyMap<string, Send> {
  const senders = new Map<string, Send>();
  if (mail !== undefined) {
    const { server, from, to } = mail;
    const address = resolveSecret(server);
    senders.set('mail', async ({ subject, text }) => {
      // Loaded with the first mail: it is large, and most daemons send none.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport(address, { from });
      mayAct();
      await limited(transport.sendMail({ to, subject, text }));
    });
  }
  if (webhook !== undefined) {
    const url = resolveUrl('notify.webhook.url', webhook.url);
    const token = webhook.token === undefined ? undefined : resolveSecret(webhook.token);
    senders.set('webhook', async ({ text, facts }) => {
      const answer = await exchange({
        method: 'POST',
        url,
        timeoutMs: TIME_LIMIT,
        maxBytes: 64 * 1024,
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ ...facts, text }),
      });
      if (answer.status >= 300) throw answerError(place(url), answer, WEBHOOK);
    });
  }
  return senders;
}

/** What a webhook's answers mean. */
const WEBHOOK: Explanations = {
  busy: 'notify_busy',
  credentials: { code: 'notify_auth', hint: 'check notify.webhook.token' },
  refused: { code: 'notify_refused' },
};

/** The mail server may take its time, but not for ever. */
async function limited(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new TemporaryError('unreachable', 'the mail server gives no answer')),
      TIME_LIMIT,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
