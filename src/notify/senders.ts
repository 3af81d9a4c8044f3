// The ways by which notifications leave: mail, and a webhook.
import { createTransport } from 'nodemailer';
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { TemporaryError } from '../core/errors.ts';
import { answerError, type Explanations } from '../core/http-answer.ts';
import { exchange, place } from '../core/http-exchange.ts';
import { SECOND } from '../core/time.ts';

/** What is sent: what began, and what ended. */
interface Notification {
  instance: string;
  began: readonly string[];
  ended: readonly string[];
}

/** Sends one, or throws. */
export type Send = (notification: Notification) => Promise<void>;

const TIME_LIMIT = 30 * SECOND;

/** Those that the configuration names, by name. Throws BridgeError for a secret that is not there. */
export function openSenders({ mail, webhook }: BridgeConfig['notify']): ReadonlyMap<string, Send> {
  const senders = new Map<string, Send>();
  if (mail !== undefined) {
    const { server, from, to } = mail;
    const transport = createTransport(resolveSecret(server), { from });
    senders.set('mail', async (notification) => {
      await limited(transport.sendMail({ to, subject: subjectOf(notification), text: textOf(notification) }));
    });
  }
  if (webhook !== undefined) {
    const { url } = webhook;
    const token = webhook.token === undefined ? undefined : resolveSecret(webhook.token);
    senders.set('webhook', async (notification) => {
      const answer = await exchange({
        method: 'POST',
        url,
        timeoutMs: TIME_LIMIT,
        maxBytes: 64 * 1024,
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ ...notification, text: textOf(notification) }),
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

function subjectOf({ instance, began, ended }: Notification): string {
  const [first = ended[0] ?? ''] = began;
  const rest = began.length + ended.length - 1;
  const head = began.length > 0 ? '' : 'over: ';
  return `[${instance}] ${head}${first.slice(0, 120)}${rest > 0 ? ` (and ${rest} more)` : ''}`;
}

function textOf({ began, ended }: Notification): string {
  return [...began, ...ended.map((text) => `Over: ${text}`)].join('\n');
}

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
