import { isIP, isIPv6 } from 'node:net';

/** The longest IPv6 address with the name of a zone. */
const MAX_ADDRESS_LENGTH = 64;
const GROUP_BITS = 16;

/**
 * The IP address in `request.ip`, or undefined if there is none. Some proxies forward an address with a port, and some
 * forward any string that a client sent, including markup. An IPv4 address that a socket for both families reports in
 * the form of IPv6 is returned as IPv4.
 *
 * @see RFC 4291 §2.5.5.2
 */
export function ipAddressOf(forwarded = ''): string | undefined {
  if (forwarded.length > MAX_ADDRESS_LENGTH) return undefined;
  if (isIP(forwarded)) return withoutMapping(forwarded);
  const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d+)?$/i.exec(forwarded) ?? [];
  const address = bracketed ?? plain ?? '';
  return isIP(address) ? withoutMapping(address) : undefined;
}

/**
 * The network that identifies a client: the whole IPv4 address, or the first bits of an IPv6 address in one spelling,
 * because every subscriber has at least one /64. All callers without an address share the empty network.
 * @param prefixLength the number of bits of an IPv6 network
 * @see RFC 6177 §2
 */
export function clientNetworkOf(ipAddress: string | undefined, prefixLength = 64): string {
  const address = ipAddressOf(ipAddress);
  if (address === undefined || !isIPv6(address)) return address ?? '';
  const groups = groupsOf(address).slice(0, Math.ceil(prefixLength / GROUP_BITS));
  const rest = prefixLength % GROUP_BITS;
  if (rest > 0) groups[groups.length - 1]! &= 0xffff << (GROUP_BITS - rest);
  const text = groups.map((group) => group.toString(16)).join(':');
  return groups.length === 8 ? text : `${text}::/${prefixLength}`;
}

function groupsOf(ipAddress: string): number[] {
  // URL normalises every spelling and removes the IPv4 notation.
  const { hostname } = new URL(`http://[${ipAddress.replace(/%.*$/, '')}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16))));
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

function withoutMapping(address: string): string {
  // URL normalises every spelling, such as ::ffff:192.0.2.1 and 0:0:0:0:0:FFFF:C000:201.
  if (!/:ffff:[\da-f.:]+$/i.test(address)) return address;
  const { hostname } = new URL(`http://[${address}]`);
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]).join('.');
}
