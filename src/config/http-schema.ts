// The shape of `http` in lava-bridge.yaml: where the bridge listens, and who may do what there.
import { z } from 'zod';
import { isNetwork } from '../core/address.ts';
import { SecretSource } from './secrets.ts';
import { HttpUrl } from './values.ts';

const Listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'an address and port such as 127.0.0.1:8480')
  .transform((v) => {
    const i = v.lastIndexOf(':');
    return { host: v.slice(0, i).replace(/^\[|\]$/g, ''), port: Number(v.slice(i + 1)) };
  })
  .refine(({ port }) => port > 0 && port < 65_536, 'a port is a number from 1 to 65535');
/** An address and port to listen on. */
export type Listen = z.infer<typeof Listen>;

/** What a token is good for: `operate` may read as well. */
const Role = z.enum(['read', 'operate']);
/** What a token of the HTTP interface may do. */
export type Role = z.infer<typeof Role>;

/** What `http` holds. */
export const HttpConfig = z.strictObject({
  /** Callbacks, and the logs that are kept here. The three may be the same address. */
  listen: Listen.prefault('127.0.0.1:8480'),
  /** Requests, jobs, labs, boards, metrics. */
  api_listen: Listen.prefault('127.0.0.1:8481'),
  /** The status pages. */
  pages_listen: Listen.prefault('127.0.0.1:8482'),
  /** Names under which the three may be called, in addition to those of the URLs in this file, this machine's, and IP addresses. */
  hosts: z
    .array(
      z
        .string()
        .max(253)
        .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'a host name without port'),
    )
    .prefault([]),
  /** What others (LAVA, readers of logs) put before our paths. */
  public_url: HttpUrl.optional(),
  /** The bearer token for requests and for what changes something. Without one these are refused. */
  token: SecretSource.optional(),
  /** Further tokens, each somebody's own: the name stands where it is said who gave an order. */
  tokens: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, 'a name: letters, digits and . _ @ -'),
        token: SecretSource,
        role: Role,
      }),
    )
    .optional(),
  /** Who may read jobs, logs and metrics: everybody who reaches the address, or whoever has a token. */
  reading: z.enum(['open', 'token']).prefault('open'),
  /** Files for https, and where it is spoken; the files are read again by a reload. */
  tls: z
    .strictObject({
      /** The certificate, with those between it and the one that clients know. */
      certificate: z.string().min(1),
      key: SecretSource,
      on: z
        .array(z.enum(['listen', 'api_listen', 'pages_listen']))
        .prefault(['listen', 'api_listen', 'pages_listen']),
    })
    .optional(),
  /** Proxies before us, whose word for the address of a client counts. */
  proxies: z
    .array(
      z.string().refine((v) => v !== 'public' && isNetwork(v), 'loopback, or a network such as 10.1.0.0/16'),
    )
    .prefault([]),
});
export type HttpConfig = z.infer<typeof HttpConfig>;
