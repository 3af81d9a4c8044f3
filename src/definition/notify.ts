// Who is notified when a job ends: the `notify` block of a LAVA job definition.
import { z } from 'zod';
import type { ValueRules } from './value-rules.ts';

/** Our own callback in a definition. */
export interface OwnCallback {
  /** The address for this one job. */
  url: string;
  /** The name of the token in LAVA; its text is never in a definition. */
  tokenName: string;
  header: string;
}

function callbackSchema(rules: ValueRules) {
  return rules.object({
    url: rules.callbackUrl,
    method: z.enum(['GET', 'POST']).optional(),
    token: rules.callbackToken.optional(),
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header')
      .optional(),
    dataset: z.enum(['minimal', 'logs', 'results', 'all']).optional(),
    'content-type': z.enum(['json', 'urlencoded']).optional(),
  });
}

const STATUSES = ['all', 'finished', 'running', 'complete', 'canceled', 'incomplete'] as const;

/** The block. */
export function notifySchema(rules: ValueRules) {
  const callback = callbackSchema(rules);
  const criteria = rules.object({
    status: rules.strict
      ? z.enum(STATUSES)
      : z.literal('finished', {
          error: 'only finished: LAVA has one criterion for all callbacks, and the bridge waits for the end',
        }),
    dependency_query: rules.reaching(
      z.string(),
      'dependency_query would make our callback wait for other jobs',
    ),
    type: rules.reaching(z.enum(['regression', 'progression']), 'LAVA never calls back for type'),
  });
  return rules
    .object({
      criteria,
      verbosity: z.enum(['verbose', 'quiet', 'status-only']).optional(),
      recipients: rules.reaching(z.array(z.unknown()), "no mail and chat in the lab's name"),
      callback: callback.optional(),
      callbacks: z.array(callback).max(10).optional(),
      compare: rules.reaching(z.unknown(), 'only mails compare results'),
    })
    .refine((n) => n.callback === undefined || n.callbacks === undefined, {
      message: 'only one of callback and callbacks',
      path: ['callbacks'],
    });
}

/** The block with our callback alone. */
function ownNotify(own: OwnCallback) {
  return {
    criteria: { status: 'finished' },
    callback: {
      url: own.url,
      method: 'POST',
      dataset: 'all',
      'content-type': 'json',
      token: own.tokenName,
      header: own.header,
    },
  };
}

const Callbacks = z
  .object({ callback: z.looseObject({}).optional(), callbacks: z.array(z.looseObject({})).optional() })
  .catch({});

/** The block with our callback in the first place; those that came with the definition follow. */
export function notifyWithOwn(came: unknown, own: OwnCallback): Record<string, unknown> {
  const { criteria, callback: ours } = ownNotify(own);
  const { callback, callbacks = [] } = Callbacks.parse(came ?? {});
  const others = [...(callback === undefined ? [] : [callback]), ...callbacks].filter(
    (c) => c['url'] !== own.url,
  );
  return others.length === 0 ? { criteria, callback: ours } : { criteria, callbacks: [ours, ...others] };
}

const WithCallbacks = z
  .object({
    notify: z.object({
      callbacks: z.array(z.object({ url: z.string(), token: z.string().optional() })),
    }),
  })
  .catch({ notify: { callbacks: [] } });

/**
 * Whether LAVA itself notifies Maestro how the job of this node ended: one of a definition's callbacks goes to
 * `…/node/<id>`, as Maestro's own templates have it (kernelci-core config/runtime/base/lava.jinja2, August 2026), with
 * a token, without which Maestro refuses it.
 */
export function notifiesMaestro(definition: unknown, nodeId: string): boolean {
  return WithCallbacks.parse(definition).notify.callbacks.some(
    ({ url, token }) =>
      token !== undefined && URL.canParse(url) && new URL(url).pathname.endsWith(`/node/${nodeId}`),
  );
}
