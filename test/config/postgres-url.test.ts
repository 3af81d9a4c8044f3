// Addresses of a database as admins write them: each works or is refused, and none shows its password.
import { describe, expect, it } from 'vitest';
import { driverUrl, passwordIn, postgresName, postgresUrlFault } from '../../src/config/postgres-url.ts';

const GOOD: [url: string, name: string, password?: string][] = [
  ['postgres://bridge:Secret1@db.example/bridge', 'postgres://bridge@db.example/bridge', 'Secret1'],
  ['postgresql://bridge:Secret1@[::1]:5433/bridge', 'postgresql://bridge@[::1]:5433/bridge', 'Secret1'],
  ['postgres://db.example/bridge?user=b&password=Secret1', 'postgres://db.example/bridge?user=b', 'Secret1'],
  ['postgres://bridge@/bridge?host=/run/postgresql', 'postgres://bridge@/bridge?host=/run/postgresql'],
  ['postgres://b:Secret1@/bridge?host=/run', 'postgres://b@/bridge?host=/run', 'Secret1'],
  ['postgres:///bridge?host=/run/postgresql', 'postgres:///bridge?host=/run/postgresql'],
  [
    'postgres://bridge:S%2Fe%3Fc%23r%40e%25t@db.example/b',
    'postgres://bridge@db.example/b',
    'S%2Fe%3Fc%23r%40e%25t',
  ],
  ['postgres://bridge:Sec%ret@db.example/b', 'postgres://bridge@db.example/b', 'Sec%ret'],
  [
    'postgres://bridge:Secret1@db.example/b?sslmode=no-verify',
    'postgres://bridge@db.example/b?sslmode=no-verify',
    'Secret1',
  ],
];

const BAD: [what: string, url: string, words: string][] = [
  ['another scheme', 'mysql://bridge:Secret1@db.example/bridge', 'is no address of a database'],
  ['nothing but a name', 'bridge', 'is no address of a database'],
  ['a # in the password', 'postgres://bridge:12#Secret1@db.example/bridge', '%23'],
  ['a / in the password', 'postgres://bridge:12/Secret1@db.example/bridge', '%2F'],
  ['a ? in the password', 'postgres://bridge:12?Secret1@db.example/bridge', '%3F'],
  ['a / in a password that begins with a letter', 'postgres://bridge:x/Secret1@db.example/bridge', '%2F'],
  ['a code that is no text', 'postgres://bridge:Secret1%ff@db.example/bridge', '%25'],
  ['an IPv6 address without brackets', 'postgres://bridge:Secret1@::1/bridge', 'is no address of a database'],
  ['two hosts', 'postgres://bridge:Secret1@one.example,two.example/bridge', 'several hosts'],
  ['two hosts with ports', 'postgres://bridge:Secret1@one.example:1,two.example:2/bridge', 'several hosts'],
  ['two hosts as a parameter', 'postgres://b:Secret1@/bridge?host=one,two', 'several hosts'],
  ['an unknown sslmode', 'postgres://bridge:Secret1@db.example/bridge?sslmode=verify', 'verify-full'],
];

describe('the address of a database', () => {
  it.each(GOOD)('%s is taken, and shown as %s', (url, name, password) => {
    expect(postgresUrlFault(url)).toBeUndefined();
    expect(postgresName(url)).toBe(name);
    expect(passwordIn(url)).toBe(password);
  });

  it.each(BAD)('is refused with %s, and nothing of it is shown', (_what, url, words) => {
    expect(postgresUrlFault(url)).toContain(words);
    expect(postgresUrlFault(url)).not.toContain('Secret1');
    expect(postgresName(url)).toBe('postgres');
  });

  it.each(['prefer', 'require', 'verify-ca'])('asks for a checked certificate with sslmode=%s', (mode) => {
    const url = 'postgres://bridge@db.example/bridge?x=1&sslmode=';
    expect(driverUrl(`${url}${mode}`)).toBe(`${url}verify-full`);
  });
});
