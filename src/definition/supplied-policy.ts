// What a definition that came as YAML may contain in a lab: the lab's own lists, and the small values that stand in
// paths and command lines on its hosts. Facts: LAVA 2023.01, lava_dispatcher.
import { z } from 'zod';
import { isIP } from 'node:net';
import { isPublicAddress } from '../core/address.ts';
import type { LabConfig } from '../config/schema.ts';
import { dockerKeys, Timeout } from './common.ts';

export interface Policy {
  /** The lab's `definitions`. */
  lists: LabConfig['definitions'];
  /** Whether its hosts may fetch from private and loopback addresses. */
  allowPrivate: boolean;
  /** Our own callback: its token goes nowhere else. */
  callback: { url: string; tokenName: string };
}

type ListName = {
  [K in keyof Policy['lists']]-?: Policy['lists'][K] extends string[] | undefined ? K : never;
}[keyof Policy['lists']];

/** Whether one of the patterns, in which `*` stands for anything, is the whole of the text. */
export function isListed(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
  });
}

/** A text that one of the lab's lists permits. `what` begins the sentence that refuses it. */
export function listed(policy: Policy, list: ListName, what: string): z.ZodType<string, string> {
  const patterns = policy.lists[list];
  return z
    .string()
    .min(1)
    .max(1000)
    .refine(
      (text) => patterns === undefined || isListed(patterns, text),
      `${what} is not among the lab's definitions.${list}`,
    );
}

/** An object with these keys alone. */
export function closed<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `${issue.keys.join(', ')}: not among what the bridge passes on`
        : undefined,
  });
}

/** A key that is known and never passed on. */
export function refused(why: string) {
  return z.never({ error: why }).optional();
}

export const flag = z.boolean().optional();
export const count = z.number().int().min(0).optional();

/** Becomes a part of a path or an argument on the lab's host. */
export const Word = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/,
    'at most 100 letters, digits and _ . -, not beginning with . or -',
  );

/** The name of a variable of a shell. */
export const VariableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'the name of a shell variable');

/** Keys that any action may have. */
export const actionKeys = {
  namespace: Word.optional(),
  'connection-namespace': Word.optional(),
  timeout: Timeout.optional(),
  timeouts: z.record(Word, Timeout).optional(),
  repeat: count,
  failure_retry: count,
  failure_retry_interval: count,
  role: refused('a job of several boards (multinode) is not taken'),
  protocols: refused('protocols reach other boards and containers of the lab'),
};

/** A container on the lab's host. All of it ends in docker's command line, in which LAVA splits at blanks. */
export function dockerShape(policy: Policy) {
  return {
    image: z
      .string()
      .pipe(dockerKeys.image)
      .pipe(listed(policy, 'docker_images', 'this image')),
    local: flag,
    container_name: Word.optional(),
    network_from: Word.optional(),
  };
}

const WEB_URL =
  /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._~:/+=@%!*-]*)?(?:\?[A-Za-z0-9._~:/+=@%!*,&?-]*)?$/;

/**
 * Why the lab's hosts may not fetch this URL; undefined if they may. The last part of its path becomes a file name in
 * command lines that LAVA splits at blanks and commas.
 */
export function webUrlFault(text: string, policy: Policy): string | undefined {
  if (text.length > 2000 || !WEB_URL.test(text) || !URL.canParse(text)) {
    return 'only http and https URLs without user, password and odd characters';
  }
  const { hostname } = new URL(text);
  // URL() has taken them out of its path already.
  if (/\/\.{1,2}(?:[/?]|$)/.test(text)) return 'its path holds ..';
  if (policy.allowPrivate || isPublicHost(hostname)) return undefined;
  return `${hostname} is in the lab's own network (fetch.networks)`;
}

/** By its name or number alone: what a name stands for is found out where it is fetched. */
function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPublicAddress(host);
  return host.includes('.') && !/\.(?:localhost|local|internal|lan|home\.arpa)\.?$/i.test(host);
}

/** The address of a git repository or an archive with tests: LAVA runs what stands in its install.git-repos on the host. */
export function repository(policy: Policy): z.ZodType<string, string> {
  return z
    .string()
    .regex(/^[^%?]*$/, 'no % and ? in the address of a repository')
    .superRefine((text, ctx) => {
      const message = webUrlFault(text, policy);
      if (message !== undefined) ctx.addIssue({ code: 'custom', message });
    })
    .pipe(listed(policy, 'repositories', 'this repository'));
}

/** A file inside something: never above it, and nowhere else. */
export const InnerPath = z
  .string()
  .min(1)
  .max(500)
  .refine(
    (path) => !/^[/~-]/.test(path) && !path.split('/').includes('..') && !path.includes('\0'),
    'a path inside the repository, without ..',
  );
