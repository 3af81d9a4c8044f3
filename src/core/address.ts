// Which IP addresses are the public internet's (IANA's special-purpose registries, RFC 6890 and its successors), and which
// are in networks that the admin has listed.
import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Whether a host is given as an IP address, not as a name. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}

// What is not public of IPv4.
const SPECIAL_V4: [net: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

// What is not public within IPv6's global unicast; 6to4 and Teredo among it, which carry an IPv4 address inside.
const SPECIAL_V6: [net: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, prefix] of SPECIAL_V4) special.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of SPECIAL_V6) special.addSubnet(net, prefix, 'ipv6');

const unicast = new BlockList();
unicast.addSubnet('2000::', 3, 'ipv6');
const mapped = new BlockList();
mapped.addSubnet('::ffff:0:0', 96, 'ipv6');

/** Whether an address (no name, no brackets) is public. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  // A block list sees the IPv4 address within a mapped one.
  if (mapped.check(address, 'ipv6')) return !special.check(address, 'ipv6');
  return unicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

/** `public`, `loopback`, or addresses as `10.1.0.0/16`, `fd00::/8`. */
export type Network = string;

const LOOPBACK: readonly Network[] = ['127.0.0.0/8', '::1/128'];

/** Whether a text is a Network. */
export function isNetwork(text: string): boolean {
  return text === 'public' || text === 'loopback' || subnetOf(text) !== undefined;
}

/** Whether an address (no name, no brackets) is in one of the networks. Throws TypeError for what is no Network. */
export function networkFilter(networks: readonly Network[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks.flatMap((name) => (name === 'loopback' ? LOOPBACK : name))) {
    if (network === 'public') continue;
    const subnet = subnetOf(network);
    if (subnet === undefined) throw new TypeError(`${network} is not a network`);
    list.addSubnet(subnet.net, subnet.prefix, subnet.family);
  }
  const isPublic = networks.includes('public') ? isPublicAddress : () => false;
  return (address) => isPublic(address) || isIn(list, address);
}

function isIn(list: BlockList, address: string): boolean {
  if (isIPv4(address)) return list.check(address, 'ipv4');
  return isIPv6(address) && !address.includes('%') && list.check(address, 'ipv6');
}

function subnetOf(text: string): { net: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [, net = '', digits = ''] = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const prefix = Number(digits);
  if (isIPv4(net) && prefix <= 32) return { net, prefix, family: 'ipv4' };
  return isIPv6(net) && prefix <= 128 ? { net, prefix, family: 'ipv6' } : undefined;
}

const isOwn = networkFilter(['loopback']);

/** Whether only this machine reaches what listens at that host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (isAddress(host) && isOwn(host));
}

/** As URLs and systemd write it: an IPv6 address stands in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether a socket's address, as hostAndPort writes it, is the wanted one. A host's name is not looked up; `[::]` listens for IPv4, too. */
export function isListeningAt(address: string, { host, port }: { host: string; port: number }): boolean {
  const [, at = '', number] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  if (Number(number) !== port) return false;
  return isIP(host) === 0 || (host === '0.0.0.0' && at === '::') || plain(host) === plain(at);
}

/** One way to write each address. */
function plain(address: string): string | undefined {
  return SocketAddress.parse(hostAndPort(address, 1))?.address;
}
