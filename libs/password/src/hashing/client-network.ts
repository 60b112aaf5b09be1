import { isIPv6 } from 'node:net';
import { ipAddressOf } from 'postern/sessions';

/**
 * The part of an IP address by which clients are counted: all of IPv4, and the first 64 bits of IPv6, since every
 * subscriber has at least one such network. Empty without an address: all such callers count as one.
 * @see RFC 6177 §2
 */
export function clientNetworkOf(ipAddress: string | undefined): string {
  const address = ipAddressOf(ipAddress);
  if (address === undefined || !isIPv6(address)) return address ?? '';
  const groups = groupsOf(address);
  // RFC 4291 §2.5.5.2: a socket for both families sees IPv4 clients as ::ffff:192.0.2.1.
  const isIPv4 = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isIPv4)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

function groupsOf(ipAddress: string): number[] {
  // URL writes every spelling in one way, without IPv4 notation inside.
  const { hostname } = new URL(`http://[${ipAddress.replace(/%.*$/, '')}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16))));
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}
