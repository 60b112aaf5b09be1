import { BlockList, isIP } from 'node:net';

/** Returns whether the address is a trusted proxy. `hop` is 0 for the peer of the connection. */
export type TrustedProxies = (address: string, hop: number) => boolean;

const NETWORKS: Record<string, readonly string[]> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Compiles `trustProxy` for the request checks and both frameworks.
 * @throws Error with a message that names the setting and the permitted values
 */
export function trustedProxies(setting: boolean | number | string): TrustedProxies {
  if (typeof setting === 'boolean') return () => setting;
  if (typeof setting === 'number') {
    if (Number.isInteger(setting) && setting >= 0) return (_address, hop) => hop < setting;
    throw new Error(`trustProxy is ${setting}: write the number of proxies, their addresses, or false.`);
  }
  const listed = new BlockList();
  for (const entry of setting.split(',').map((text) => text.trim())) {
    for (const network of NETWORKS[entry] ?? [entry]) add(listed, network);
  }
  return (address) => {
    const bare = address.replace(/%.*$/, '');
    const family = familyOf(bare);
    return family !== undefined && listed.check(bare, family);
  };
}

function add(listed: BlockList, network: string): void {
  const [address = '', bits, ...more] = network.split('/');
  const family = familyOf(address);
  const length = family === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? length : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (family === undefined || prefix > length || more.length > 0) {
    throw new Error(
      `trustProxy has "${network}": write addresses or networks such as 10.0.0.0/8, separated by commas, or loopback, linklocal, uniquelocal.`,
    );
  }
  listed.addSubnet(address, prefix, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}
