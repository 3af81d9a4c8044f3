import { describe, expect, it } from 'vitest';
import { isListeningAt, isNetwork, isPublicAddress, networkFilter } from '../../src/core/address.ts';

it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450::1', '2606:4700::1111', '::ffff:8.8.8.8'])(
  'takes %s for public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

it.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'this host'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['169.254.169.254', "link-local, a cloud's metadata service"],
  ['100.64.0.1', "a provider's own"],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['::1', 'loopback'],
  ['::', 'unspecified'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with a zone'],
  ['fd00::1', 'unique local'],
  ['ff02::1', 'multicast'],
  ['::ffff:127.0.0.1', 'mapped loopback'],
  ['::ffff:7f00:1', 'mapped loopback in hexadecimal'],
  ['::ffff:192.168.0.1', 'mapped private'],
  ['64:ff9b::7f00:1', 'translated loopback'],
  ['2002:7f00:1::1', '6to4 loopback'],
  ['2001:0:7f00:1::', 'Teredo'],
  ['::127.0.0.1', 'compatible loopback'],
  ['localhost', 'a name'],
  ['', 'nothing'],
])('takes %s for not public: %s', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

describe('networks', () => {
  it.each<[string[], string, boolean]>([
    [['public'], '8.8.8.8', true],
    [['public'], '127.0.0.1', false],
    [['loopback'], '127.3.2.1', true],
    [['loopback'], '::1', true],
    [['loopback'], '::ffff:127.0.0.1', true],
    [['loopback'], '8.8.8.8', false],
    [['loopback'], '10.0.0.1', false],
    [['public', '10.1.0.0/16'], '10.1.255.255', true],
    [['public', '10.1.0.0/16'], '10.2.0.1', false],
    [['fd00::/8'], 'fd12::1', true],
    [['fd00::/8'], 'fd12::1%eth0', false],
    [['10.1.0.0/16'], 'files.example', false],
  ])('%j: is %s in them? %s', (networks, address, expected) => {
    expect(networkFilter(networks)(address)).toBe(expected);
  });

  it.each(['public', 'loopback', '10.0.0.0/8', 'fd00::/8', '::1/128'])('%s is one', (text) => {
    expect(isNetwork(text)).toBe(true);
  });

  it.each(['private', '10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0/8', 'x/8', ''])('%j is none', (text) => {
    expect(isNetwork(text)).toBe(false);
    expect(() => networkFilter([text])).toThrow(TypeError);
  });
});

it.each<[string, string, number, boolean]>([
  ['127.0.0.1:8480', '127.0.0.1', 8480, true],
  ['127.0.0.1:80', '127.0.0.1', 80, true],
  ['127.0.0.1:8480', '127.0.0.1', 8481, false],
  ['127.0.0.1:8480', '0.0.0.0', 8480, false],
  ['[::]:8480', '0.0.0.0', 8480, true],
  ['[::]:8480', '::', 8480, true],
  ['[::1]:8480', '0:0:0:0:0:0:0:1', 8480, true],
  ['[::1]:8480', '127.0.0.1', 8480, false],
  ['192.0.2.5:8480', 'lab.example', 8480, true],
  ['/run/socket', '127.0.0.1', 8480, false],
])('is a socket at %s the one of %s, port %i? %s', (address, host, port, expected) => {
  expect(isListeningAt(address, { host, port })).toBe(expected);
});
