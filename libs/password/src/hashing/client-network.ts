import { isIPv6 } from 'node:net';
import { ipAddressOf } from 'postern/sessions';

/**
 * The network that identifies a client: the whole IPv4 address, or the first 64 bits of an IPv6 address, because every
 * subscriber has at least one /64. All callers without an address share the empty network.
 * @see RFC 6177 §2
 */
export function clientNetworkOf(ipAddress: string | undefined): string {
  const address = ipAddressOf(ipAddress);
  if (address === undefined || !isIPv6(address)) return address ?? '';
  return `${groupsOf(address)
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
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
