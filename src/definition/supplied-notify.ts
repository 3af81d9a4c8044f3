// Who is told when a job ends. LAVA sends what it knows under `token: NAME` (for its submitter: on 2023.01 that may be
// a key to LAVA's own API) to the callback's address, so the address and the name are checked.
import { z } from 'zod';
import { closed, isListed, refused, webUrlFault, type Policy } from './supplied-policy.ts';
import type { RenderLab } from '../templates/context.ts';

const text = z.string();

function callbackSchema(policy: Policy) {
  return closed({
    url: text,
    method: z.enum(['GET', 'POST']).optional(),
    token: text.max(100).optional(),
    header: text.regex(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header').optional(),
    dataset: z.enum(['minimal', 'logs', 'results', 'all']).optional(),
    'content-type': z.enum(['json', 'urlencoded']).optional(),
  }).superRefine(({ url, token }, ctx) => {
    if (url === policy.callback.url) return;
    const message = urlFault(url, policy);
    if (message !== undefined) ctx.addIssue({ code: 'custom', path: ['url'], message });
    if (token !== policy.callback.tokenName) return;
    ctx.addIssue({ code: 'custom', path: ['token'], message: "the bridge's own token goes to nobody else" });
  });
}

/** LAVA replaces `{NAME}` in it by what it knows of the job, `{TOKEN}` among that: so there may be no braces. */
function urlFault(url: string, policy: Policy): string | undefined {
  const fault = webUrlFault(url, { ...policy, allowPrivate: true });
  if (fault !== undefined) return fault;
  const { hostname } = new URL(url);
  const isKnown = isListed(policy.lists.notify_hosts, hostname);
  return isKnown ? undefined : `${hostname} is not among the lab's definitions.notify_hosts`;
}

/** The block as it came. If it is replaced as a whole, nothing of it matters. */
export function notifySchema(policy: Policy) {
  if (policy.lists.notify === 'replace') return z.unknown().optional();
  const callback = callbackSchema(policy);
  return closed({
    criteria: closed({
      status: z.literal('finished', {
        error: 'only finished: LAVA has one criterion for all callbacks, and the bridge waits for the end',
      }),
    }),
    callback: callback.optional(),
    callbacks: z.array(callback).max(10).optional(),
    verbosity: text.optional(),
    recipients: refused("no mail and chat in the lab's name"),
    compare: refused('only mails compare results'),
  }).optional();
}

const Came = z
  .object({ callback: z.looseObject({}).optional(), callbacks: z.array(z.looseObject({})).optional() })
  .catch({});

/** The block with our callback in the first place; those that came stand behind it, unless they are replaced. */
export function notifyBlock(
  came: unknown,
  mode: Policy['lists']['notify'],
  own: RenderLab['callback'],
): Record<string, unknown> {
  const ours = {
    url: own.url,
    method: 'POST',
    dataset: 'all',
    'content-type': 'json',
    token: own.tokenName,
    header: own.header,
  };
  const { callback, callbacks = [] } = mode === 'replace' ? {} : Came.parse(came ?? {});
  const others = [...(callback === undefined ? [] : [callback]), ...callbacks].filter(
    (c) => c['url'] !== own.url,
  );
  const criteria = { status: 'finished' };
  return others.length === 0 ? { criteria, callback: ours } : { criteria, callbacks: [ours, ...others] };
}

const Told = z
  .object({ notify: z.object({ callbacks: z.array(z.object({ url: text, token: text.optional() })) }) })
  .catch({ notify: { callbacks: [] } });

/**
 * Whether LAVA itself tells Maestro how the job of this node ended: one of a definition's callbacks goes to
 * `…/node/<id>`, as Maestro's own templates have it (kernelci-core config/runtime/base/lava.jinja2, August 2026), with
 * a token, without which Maestro refuses it.
 */
export function tellsMaestro(definition: unknown, nodeId: string): boolean {
  return Told.parse(definition).notify.callbacks.some(
    ({ url, token }) =>
      token !== undefined && URL.canParse(url) && new URL(url).pathname.endsWith(`/node/${nodeId}`),
  );
}
