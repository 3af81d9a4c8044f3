// What a definition that came as YAML may contain in a lab: the lab's own lists, and the small values that stand in paths
// and command lines on its hosts. Facts: lava_dispatcher of LAVA 2023.01 and 2026.10.
import { z } from 'zod';
import { isAddress, isPublicAddress, networkFilter, type Network } from '../core/address.ts';
import type { LabConfig } from '../config/schema.ts';
import { CONTEXT_VARIABLES, SUPPLIED_CONTEXT } from './context-variables.ts';
import { definitionSchema } from './definition.ts';
import { qemuFault } from './qemu-options.ts';
import type { DeployFacts, Fault, Refusal, Text, ValueRules } from './value-rules.ts';

/** What a lab lets definitions contain that came to it. */
export interface Policy {
  /** The lab's `definitions`. */
  lists: LabConfig['definitions'];
  /** Networks that requests may make us fetch from; those but `public` count as listed. */
  networks: readonly Network[];
}

/** The schema of a definition that came to us; its output is what came in. */
export function suppliedSchema(policy: Policy) {
  return definitionSchema(suppliedRules(policy));
}
/** A definition that came to us and that the lab permits. */
export type SuppliedDefinition = z.infer<ReturnType<typeof suppliedSchema>>;

type ListName = {
  [K in keyof Policy['lists']]-?: Policy['lists'][K] extends string[] | undefined ? K : never;
}[keyof Policy['lists']];

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

/** Becomes a part of a path or an argument on the lab's host. */
const Word = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/,
    'at most 100 letters, digits and _ . -, not beginning with . or -',
  );

/** A text that one of the lab's lists permits, in which `*` stands for anything. `what` begins the refusal. */
function listed({ lists }: Policy, list: ListName, what: string): Text {
  const patterns = lists[list];
  return z
    .string()
    .min(1)
    .max(1000)
    .refine(
      (text) => patterns === undefined || patterns.some((pattern) => matches(pattern, text)),
      issueOf(notListed(what, list)),
    );
}

function notListed(what: string, list: ListName): Refusal {
  return { message: `${what} is not among the lab's definitions.${list}`, setting: `definitions.${list}` };
}

/** As zod carries it. */
function issueOf({ message, setting }: Refusal): { message: string; params: { setting?: string } } {
  return { message, params: setting === undefined ? {} : { setting } };
}

function suppliedRules(policy: Policy): ValueRules {
  return {
    strict: false,
    object: (shape) =>
      z.strictObject(shape, {
        error: (issue) =>
          issue.code === 'unrecognized_keys'
            ? `${issue.keys.join(', ')}: not among what the bridge passes on`
            : undefined,
      }),
    reaching: (_value, why) => z.never({ error: why }).optional(),
    deviceType: Word.pipe(listed(policy, 'device_types', 'this device type')),
    device: listed(policy, 'devices', 'this device'),
    worker: listed(policy, 'workers', 'this worker'),
    visibility: listed(policy, 'visibility', 'whoever shall see it'),
    token: listed(policy, 'secrets', 'the name of this token'),
    headerToken: listed(policy, 'header_tokens', 'the name of this token'),
    command: listed(policy, 'commands', 'this command of the device'),
    fileUrl: checked((text) => fileFault(text, policy)),
    repository: checked((text) => repositoryFault(text, policy, 'repositories')),
    archive: checked((text) => repositoryFault(text, policy, 'archives')),
    dockerImage: listed(policy, 'docker_images', 'this image'),
    context: Context,
    word: Word,
    otherWays: false,
    callbackUrl: checked((text) => callbackFault(text, policy)),
    callbackToken: listed(policy, 'notify_tokens', 'the name of this token'),
    deployFaults,
  };
}

const Context = z.strictObject(
  Object.fromEntries(
    CONTEXT_VARIABLES.map((name) => [name, SUPPLIED_CONTEXT[name]?.optional() ?? z.never()]),
  ),
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `${issue.keys.join(', ')}: no variable of LAVA's device templates`
        : undefined,
  },
);

function checked(faultOf: (text: string) => Refusal | undefined): Text {
  return z.string().superRefine((text, ctx) => {
    const fault = faultOf(text);
    if (fault !== undefined) ctx.addIssue({ code: 'custom', ...issueOf(fault) });
  });
}

/** QEMU's options may name the action's own files alone. */
function deployFaults({ files }: DeployFacts): Fault[] {
  const labels = files.map(({ label }) => label);
  return files.flatMap(({ path, image_arg }): Fault[] => {
    const message = image_arg === undefined ? undefined : qemuFault(image_arg, labels);
    return message === undefined ? [] : [[[...path, 'image_arg'], message]];
  });
}

const WEB_URL =
  /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._~:/+=@%!*-]*(?:\?[A-Za-z0-9._~:/+=@%!*,&?-]*)?)?$/;

/** A percent sign that escapes nothing, or a dot, a slash, a backslash or a control character: readers differ in what these are. */
const ODD_PERCENT = /%(?![0-9A-Fa-f]{2}|$)|%(?:2[ef]|5c|[01][0-9a-f]|7f)|%$/i;

/**
 * What is wrong with a URL, wherever it leads. The last part of its path becomes a file name in command lines that LAVA
 * splits at blanks and commas.
 */
function webFault(text: string): Refusal | undefined {
  if (text.length > 2000 || !WEB_URL.test(text) || !URL.canParse(text)) {
    return { message: 'only http and https URLs without user, password and odd characters' };
  }
  if (ODD_PERCENT.test(text))
    return { message: 'no % in place of a dot, a slash, a backslash or a control character' };
  // URL() takes them out of its path.
  return /\/\.{1,2}(?:[/?]|$)/.test(text) ? { message: 'its path holds ..' } : undefined;
}

/** By its name or number alone: what a name stands for is found out where it is fetched. */
function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isAddress(host)) return isPublicAddress(host);
  return host.includes('.') && !/\.(?:localhost|local|internal|lan|home\.arpa)\.?$/i.test(host);
}

/** Whether a number, or `localhost`, is in one of the networks; `public` is no network to trust. */
function isTrusted(hostname: string, networks: readonly Network[]): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const isIn = networkFilter(networks.filter((network) => network !== 'public'));
  return isIn(host === 'localhost' ? '127.0.0.1' : host);
}

/**
 * Why a list does not permit a URL. A host of the lab's own network needs an entry with that name in full, or must be in
 * a network that the configuration opens.
 */
function listFault(
  { hostname }: URL,
  text: string,
  patterns: readonly string[],
  { list, networks }: { list: ListName; networks: readonly Network[] },
): Refusal | undefined {
  const found = patterns.filter((pattern) => matches(pattern, text));
  const isWrittenOut = found.some(
    (pattern) =>
      !pattern
        .replace(/^\w+:\/\//, '')
        .split('/', 1)[0]
        ?.includes('*'),
  );
  if (isWrittenOut) return undefined;
  if (isPublicHost(hostname)) return found.length > 0 ? undefined : notListed(hostname, list);
  if (isTrusted(hostname, networks)) return undefined;
  return {
    message: `${hostname} is in the lab's own network, and not written out in definitions.${list}`,
    setting: `definitions.${list}`,
  };
}

const DOWNLOADED = /^downloads:\/\/[A-Za-z0-9_][A-Za-z0-9_.+~-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.+~-]*)*$/;

/** `rclone://REMOTE/path`: the dispatcher's rclone, with the lab's own configuration (LAVA 2026 and newer). */
const RCLONE = /^(rclone:\/\/[A-Za-z0-9_][A-Za-z0-9_.-]*)\/[A-Za-z0-9_][A-Za-z0-9_.+~/-]*$/;

function fileFault(text: string, { lists, networks }: Policy): Refusal | undefined {
  const list = 'file_hosts';
  if (text.startsWith('downloads:')) {
    return DOWNLOADED.test(text)
      ? undefined
      : { message: 'downloads:// and the path of a file that was downloaded before, without ..' };
  }
  if (text.startsWith('rclone:')) {
    const remote = RCLONE.exec(text)?.[1];
    if (remote === undefined || text.split('/').includes('..'))
      return { message: 'rclone://REMOTE/path, without ..' };
    return lists[list].includes(remote) ? undefined : notListed(remote, list);
  }
  const fault = webFault(text);
  if (fault !== undefined) return fault;
  const url = new URL(text);
  return listFault(url, url.hostname, lists[list], { list, networks });
}

/** LAVA runs what stands in a repository's install.git-repos on its host. */
function repositoryFault(
  text: string,
  { lists, networks }: Policy,
  list: 'repositories' | 'archives',
): Refusal | undefined {
  if (/[%?]/.test(text)) return { message: 'no % and ? in the address of a repository' };
  const fault = webFault(text);
  if (fault !== undefined) return fault;
  const found = lists[list].some((pattern) => matches(pattern, text));
  if (!found) return notListed('this address', list);
  return listFault(new URL(text), text, lists[list], { list, networks });
}

/** LAVA replaces `{NAME}` in it by what it knows of the job, `{TOKEN}` among that: so there may be no braces. */
function callbackFault(text: string, { lists }: Policy): Refusal | undefined {
  const fault = webFault(text);
  if (fault !== undefined) return fault;
  const { hostname } = new URL(text);
  const isListed = lists.notify_hosts.some((pattern) => matches(pattern, hostname));
  return isListed ? undefined : notListed(hostname, 'notify_hosts');
}
