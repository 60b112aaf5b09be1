import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** RFC 6890 and the IANA registry of special-purpose addresses: all that are not globally reachable, and multicast. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24',
  '192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24',
  '224.0.0.0/4 240.0.0.0/4',
].flatMap((line) => line.split(' '));
/** Inside of `GLOBAL_IPV6`: protocol assignments, documentation, and 6to4, which hides an IPv4 address. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const GLOBAL_IPV6 = ['2000::/3'];
/** RFC 6052: the prefix by which DNS64 embeds an IPv4 address. The embedded address is checked. */
const NAT64 = '64:ff9b::';

const loopback = blockListOf(['127.0.0.0/8', '::1/128']);
const special = blockListOf([
  ...SPECIAL_IPV4,
  ...SPECIAL_IPV6,
  ...SPECIAL_IPV4.map((network) => `${NAT64}${network.split('/')[0]}/${96 + Number(network.split('/')[1])}`),
]);
const globalIpv6 = blockListOf([...GLOBAL_IPV6, `${NAT64}/96`]);

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** Whether an IP address is not loopback, private, link-local, unique-local, shared (RFC 6598), or reserved. */
export function isPublicAddress(address: string): boolean {
  const family = familyOf(address);
  if (special.check(address, family)) return false;
  return family === 'ipv4' || globalIpv6.check(address, family);
}

/** The IP address in a URL, in the one spelling of the URL parser; `undefined` for a name. */
function ipOf({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}

/** Whether the URL names this machine (RFC 6761 §6.3). */
export function isLoopback(url: URL): boolean {
  const ip = ipOf(url);
  return ip === undefined ? url.hostname === 'localhost' : loopback.check(ip, familyOf(ip));
}

/**
 * Rejects an IP address that is not public. `publicLookup` checks a name when the connection is made.
 *
 * @throws Error that names the host and the setting
 */
export function assertPublicHost(url: URL): void {
  const ip = ipOf(url);
  if (ip !== undefined && !isPublicAddress(ip)) throw new Error(notPublic(url.hostname));
}

const notPublic = (host: string): string =>
  `${host} is neither the issuer's own origin nor on the public internet: write "jwks: { uri }" if you trust this host`;

type ResolveAll = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Returns a DNS lookup that fails unless every address of the name is public. The connection uses the addresses that
 * were checked, so a second DNS answer cannot redirect it.
 */
export function publicLookup(resolve: ResolveAll = dnsLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0];
      if (error !== null || first === undefined) return callback(error ?? new Error(`${hostname} has no address`), '');
      if (!addresses.every(({ address }) => isPublicAddress(address)))
        return callback(new Error(notPublic(hostname)), '');
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
