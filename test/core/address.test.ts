import { expect, it } from 'vitest';
import { isPublicAddress } from '../../src/core/address.ts';

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
