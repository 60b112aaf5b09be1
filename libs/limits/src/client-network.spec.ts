import { clientNetworkOf } from './client-network.js';

describe('clientNetworkOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:52814', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['2001:db8:1:2::7', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::7]:52814', '2001:db8:1:2::/64'],
    ['2001:db8::7', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
    ['unknown', ''],
    [undefined, ''],
  ])('counts the client at %s as %s', (ipAddress, network) => {
    expect(clientNetworkOf(ipAddress)).toBe(network);
  });

  it.each([
    ['2001:db8:12ff:2::7', 48, '2001:db8:12ff::/48'],
    ['2001:db8:12ff:2::7', 40, '2001:db8:1200::/40'],
    ['2001:db8:12ff:2::7', 56, '2001:db8:12ff:0::/56'],
    ['192.0.2.7', 48, '192.0.2.7'],
  ])('counts the client at %s with a prefix of %i bits as %s', (ipAddress, prefixLength, network) => {
    expect(clientNetworkOf(ipAddress, prefixLength)).toBe(network);
  });
});
