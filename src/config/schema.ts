// The shape of lava-bridge.yaml. Unknown keys are errors; every key has a default or a reason to be required.
import { z } from 'zod';
import { isNetwork } from '../core/address.ts';
import { HttpConfig } from './http-schema.ts';
import { SecretSource, SecretUrl } from './secrets.ts';
import { Count, Duration, HttpUrl, Size } from './values.ts';

const MaestroConfig = z.strictObject({
  url: HttpUrl,
  token: SecretSource,
  poll_interval: Duration.prefault('30s'),
  /** How often all of a runtime's open nodes are listed, whatever the events said. */
  reconcile_interval: Duration.prefault('10m'),
  timeout: Duration.prefault('60s'),
  /** Whether Maestro's pub/sub, too, is listened to, so that what is new is seen at once. */
  pubsub: z.boolean().prefault(false),
});

const List = z.array(z.string().min(1));

/**
 * What a definition that came as YAML may contain; what is not listed is refused. `*` stands for anything. The defaults
 * let Maestro's own definitions of August 2026 through, and name only what KernelCI or its labs own: no host or
 * repository that anybody could register.
 */
export const DefinitionsConfig = z.strictObject({
  /** Left out: every type that LAVA lets its user submit to. */
  device_types: List.optional(),
  /** Devices and workers that a definition may ask for by name. */
  devices: List.prefault([]),
  workers: List.prefault([]),
  docker_images: List.prefault([
    'kernelci/*',
    'ghcr.io/kernelci/*',
    'ghcr.io/mwasilew/docker-mkbootimage:*',
    'registry.gitlab.collabora.com/lava/health-check-docker:*',
    'artifacts.codelinaro.org/clo-420-qli-registry/kmake-image-ci:*',
  ]),
  /**
   * Hosts that LAVA's dispatcher may fetch files from: it unpacks archives as root. Or rclone://REMOTE. All are KernelCI's but
   * the last: Qualcomm's own, which KernelCI's configuration names for the images that it flashes on Qualcomm's boards.
   */
  file_hosts: List.prefault([
    'files.kernelci.org',
    'files-staging.kernelci.org',
    'storage.kernelci.org',
    'storage.staging.kernelci.org',
    'storage.chromeos.kernelci.org',
    'storage-lava-hyd.qualcomm.com',
  ]),
  /** Where tests may come from: LAVA clones what these name, and what their own files name, on its hosts. */
  repositories: List.prefault([
    'https://github.com/kernelci/kernelci-core',
    'https://github.com/kernelci/kernelci-core.git',
    'https://github.com/kernelci/test-definitions',
    'https://github.com/kernelci/test-definitions.git',
    'https://github.com/linaro/test-definitions',
    'https://github.com/linaro/test-definitions.git',
    'https://github.com/Linaro/test-definitions',
    'https://github.com/Linaro/test-definitions.git',
  ]),
  /** Archives with tests (`from: url`): a code host serves those of anybody's forks under the original's address. */
  archives: List.prefault([]),
  /** Names of tokens in LAVA, for `secrets`: the test reads them, and whoever wrote it. */
  secrets: List.prefault(['kci-storage-token', 'kci-storage-production-token']),
  /** Names of tokens in LAVA, for `headers` of downloads: their text is sent to the file's host, which is one of file_hosts. */
  header_tokens: List.prefault(['LAVA_BASIC_AUTH']),
  /** Names of commands of the devices' configuration, such as hard_reset. */
  commands: List.prefault([]),
  /** `public`, `personal`, or names of groups. */
  visibility: List.prefault(['public']),
  /** Hosts that a definition's own callbacks may go to. */
  notify_hosts: List.prefault([
    'pipeline.kernelci.org',
    'kernelci-pipeline.westus3.cloudapp.azure.com',
    'staging.kernelci.org',
  ]),
  /** Names of tokens in LAVA that such callbacks may use; the text of the token is sent to the callback's host. */
  notify_tokens: List.prefault([
    'kernel-ci-callback',
    'kernel-ci-new-api',
    'kernelci-api-token-lava-staging',
    'kernelci-api-token-staging',
    'kernelci-lab-foundriesio',
    'kernelci-lab-testpull',
    'kernelci-new-api',
    'kernelci-new-api-callback',
  ]),
  /** No job may ask for more, once it has a device. */
  max_job_timeout: Duration.prefault('12h'),
  /** What becomes of callbacks that a definition brings along: they stay behind ours, or ours replaces them. */
  notify: z.enum(['keep', 'replace']).prefault('keep'),
});

/** A lab: its LAVA, its callbacks, and what it may be given. */
export const LabConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "the runtime's name in Maestro: letters, digits and . _ -"),
  origin: z.string().regex(/^[a-z0-9_]{1,100}$/, 'a KCIDB origin has lower-case letters, digits and _ only'),
  lava: z.strictObject({
    /** Where its web pages are; the address of its XML-RPC is taken for it. */
    url: HttpUrl.transform((v) => v.replace(/\/+RPC2$/, '')),
    user: z.string().min(1),
    token: SecretSource,
    /** Where the event stream is, if not at the url's own /ws/. `false`: none. */
    events: z.union([z.literal(false), z.string().regex(/^wss?:\/\//, 'a ws or wss URL')]).optional(),
    poll_interval: Duration.prefault('60s'),
    timeout: Duration.prefault('60s'),
    /** The lab's range of job priorities; KernelCI's 0 to 100 is scaled into it. */
    priority: z
      .strictObject({ min: z.number().int().min(0).max(100), max: z.number().int().min(0).max(100) })
      .prefault({ min: 0, max: 100 }),
  }),
  callback: z.strictObject({
    /** The name under which the lab's user keeps the token in LAVA; definitions carry the name alone. */
    token_name: z.string().min(1).max(100),
    token: SecretSource,
    /** The header that LAVA sends the token in. */
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'a header name')
      .prefault('Authorization'),
    /** Where this lab's LAVA reaches us, if not at http.public_url. */
    url: HttpUrl.optional(),
  }),
  limits: z
    .strictObject({
      max_jobs: Count.prefault(200),
      max_queued_per_device: Count.prefault(5),
      max_callback: Size.prefault('64MiB'),
      /** A LAVA job may wait that long for a device. */
      queue_timeout: Duration.prefault('2d'),
    })
    .prefault({}),
  retries: z
    .strictObject({
      /** How often a job is tried again after a failure of the lab. */
      infrastructure: z.number().int().min(0).max(10).prefault(1),
      /** How long LAVA gets to check the device before the first such try; doubled for each further one. */
      pause: Duration.prefault('1m'),
    })
    .prefault({}),
  /** Whether a newer request replaces older ones of the same tree, job and board that have not begun to run. */
  supersede: z.boolean().prefault(false),
  /** Whether a device that failed notify.harness_failures jobs in a row gets none until LAVA's health check of it passed. */
  drain_failing: z.boolean().prefault(false),
  accept: z
    .array(z.enum(['pull_labs', 'lava_pull', 'push', 'triggers']))
    .prefault(['pull_labs', 'lava_pull', 'push']),
  definitions: DefinitionsConfig.prefault({}),
});
export type LabConfig = z.infer<typeof LabConfig>;

const KcidbConfig = z
  .strictObject({
    url: HttpUrl.optional(),
    token: SecretSource.optional(),
    /** Address and token in one, as KernelCI's tools take it: `[http[s]://]TOKEN@HOST[:PORT][/path]`. */
    rest: SecretSource.optional(),
    pubsub: z
      .strictObject({ project: z.string().min(1), topic: z.string().min(1), credentials: z.string().min(1) })
      .optional(),
    /** A program and its arguments; it gets the report on standard input. */
    command: z.array(z.string().min(1)).min(1).optional(),
    timeout: Duration.prefault('60s'),
  })
  .refine((k) => [k.url, k.rest, k.pubsub, k.command].filter((v) => v !== undefined).length === 1, {
    message: 'exactly one of url, rest, pubsub and command',
  });
type KcidbConfig = z.infer<typeof KcidbConfig>;

const ReportConfig = z.strictObject({
  kcidb: z.enum(['direct', 'off']).prefault('direct'),
  maestro: z.enum(['close', 'hierarchy', 'off']).prefault('close'),
  infrastructure_status: z.enum(['ERROR', 'MISS']).prefault('ERROR'),
  /** Which of Maestro's own tries of a run KCIDB gets: each, or the last alone, as from Maestro's bridge. */
  tries: z.enum(['every', 'last']).prefault('every'),
  /** Whose runs go to KCIDB, by the nodes' `submitter` (`*`: everybody's); the others go to Maestro alone. */
  submitters: z.array(z.string().min(1)).prefault(['service:pipeline']),
  /** Names of jobs for whose end somebody in Maestro waits: their nodes are closed with an event. */
  with_event: z.array(z.string().min(1)).prefault([]),
  /** Whether KCIDB gets a run's boot test when it starts, too, without a status. */
  progress: z.boolean().prefault(false),
  /** Whether Maestro's statistics of labs and boards are fed. */
  telemetry: z.boolean().prefault(true),
});

const StorageConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('local'),
    path: z.string().min(1).optional(),
  }),
  z.strictObject({
    kind: z.literal('kernelci-storage'),
    url: HttpUrl,
    token: SecretSource,
    /** The directory below which all is put; the token's user must have the permission for it. */
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9._/-]*$/, 'a path: letters, digits and . _ - /')
      .refine((v) => !v.split('/').includes('..'), 'a path without ..')
      .prefault(''),
    /** Where what was uploaded is read, if not at `url`. */
    public_url: HttpUrl.optional(),
    timeout: Duration.prefault('5m'),
  }),
]);

const StoreConfig = z.union(
  [z.strictObject({ sqlite: z.string().min(1) }), z.strictObject({ postgres: SecretSource })],
  { error: '{ sqlite: PATH } or { postgres: URL }' },
);

const Kept = (max_age: string, max_size: string) =>
  z.strictObject({ max_age: Duration.prefault(max_age), max_size: Size.prefault(max_size) }).prefault({});

/** How long what has ended is kept, and how much of it: the oldest goes first. What is open stays. */
const RetentionConfig = z.strictObject({
  /** What the database has of jobs. Daily totals stay. */
  jobs: Kept('90d', '5GiB'),
  /** LAVA's logs, as they came. */
  evidence: Kept('30d', '20GiB'),
  /** Logs for people, where they are kept here (storage.kind: local). */
  logs: Kept('90d', '20GiB'),
});
export type RetentionConfig = z.infer<typeof RetentionConfig>;

/** Limits on what requests may make the bridge fetch. */
export const FetchConfig = z.strictObject({
  /** Where metadata and definitions may be fetched from. */
  networks: z
    .array(z.string().refine(isNetwork, 'public, loopback, or a network such as 10.1.0.0/16'))
    .min(1)
    .prefault(['public']),
  timeout: Duration.prefault('60s'),
  max_size: Size.prefault('32MiB'),
  max_redirects: z.number().int().min(0).max(10).prefault(3),
});

/** What a request may be, whichever way it comes in. */
const RequestsConfig = z.strictObject({
  /** Of the whole request as JSON; a definition by itself may be no larger. */
  max_size: Size.prefault('512KiB'),
  /** How many objects and lists may be nested. */
  max_depth: z.number().int().min(8).max(1000).prefault(64),
});

/** Whom to notify when something lasts, and when it is over; off without `mail` and `webhook`. */
const Mail = z.strictObject({ server: SecretSource, from: z.email(), to: z.array(z.email()).min(1).max(20) });
const NotifyConfig = z.strictObject({
  mail: Mail.optional(),
  webhook: z.strictObject({ url: SecretUrl, token: SecretSource.optional() }).optional(),
  away_after: Duration.prefault('15m'),
  disk_free: Size.prefault('2GiB'),
  /** Failures of a device in a row, because of the lab. */
  harness_failures: z.number().int().min(1).max(100).prefault(3),
  /** How often the lab's report is sent. */
  summary: z.enum(['week', 'day', 'off']).prefault('week'),
});

/** The whole of lava-bridge.yaml. */
export const BridgeConfig = z.strictObject({
  /** What is printed in LAVA job names, `[prod] …`. */
  instance: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,40}$/, 'letters, digits and . _ -, at most 40')
    .prefault('lava-bridge'),
  maestro: MaestroConfig.optional(),
  labs: z.array(LabConfig).min(1),
  kcidb: KcidbConfig.optional(),
  report: ReportConfig.prefault({}),
  storage: StorageConfig.prefault({ kind: 'local' }),
  http: HttpConfig.prefault({}),
  store: StoreConfig.prefault({ sqlite: '/var/lib/lava-bridge/lava-bridge.db' }),
  retention: RetentionConfig.prefault({}),
  fetch: FetchConfig.prefault({}),
  requests: RequestsConfig.prefault({}),
  notify: NotifyConfig.prefault({}),
  /** Printed into every definition's metadata next to node_id, for later readers. */
  metadata: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'a name: letters, digits and _'), z.string())
    .prefault({}),
  /** Where boards upload coverage data, and under which name LAVA knows the token for it. */
  uploads: z.strictObject({ url: HttpUrl, token_name: z.string().min(1).max(100) }).optional(),
  /** The admin's own directories; a file there replaces the shipped one of the same name. */
  device_types: z.string().min(1).optional(),
  job_templates: z.string().min(1).optional(),
  plans: z.string().min(1).optional(),
  log_level: z.enum(['debug', 'info', 'warn', 'error']).prefault('info'),
});
export type BridgeConfig = z.infer<typeof BridgeConfig>;
