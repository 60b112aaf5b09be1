import type { LookupAddress } from 'node:dns';
import { assertPublicHost, isPublicAddress, publicLookup } from './public-address.js';

const SPECIAL = [
  '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1',
  '172.31.255.255 192.0.0.1 192.168.1.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1',
  '::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::7f00:1',
  '64:ff9b:1::1 100::1 2001:db8::1 2002:7f00:1:: fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1',
].flatMap((line) => line.split(' '));
const PUBLIC = ['8.8.8.8', '100.63.255.255', '172.32.0.1', '192.0.1.1', '2606:4700::1111', '64:ff9b::8.8.8.8'];

describe('isPublicAddress', () => {
  it.each(SPECIAL)('isPublicAddress is false for %s, which no other network can reach', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(PUBLIC)('isPublicAddress is true for %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('assertPublicHost', () => {
  it.each(['127.1', '0x7f.1', '2130706433', '017700000001', '[::ffff:127.0.0.1]', '[0:0::1]', '0', '169.254.43518'])(
    'assertPublicHost rejects https://%s, however the address is spelt',
    (host) => {
      expect(() => assertPublicHost(new URL(`https://${host}/jwks`))).toThrow('write "jwks: { uri }"');
    },
  );

  it.each(['8.8.8.8', '[2606:4700::1111]', 'www.googleapis.com'])('assertPublicHost accepts https://%s', (host) => {
    expect(() => assertPublicHost(new URL(`https://${host}/jwks`))).not.toThrow();
  });
});

describe('publicLookup', () => {
  const resolved = (found: readonly string[], all: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const addresses = found.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
      publicLookup((_name, _options, callback) => callback(null, addresses))(
        'publicLookup keys.example',
        { all },
        (error, ...answer) => (error === null ? resolve(answer) : reject(error)),
      );
    });

  it('publicLookup passes the checked addresses to the connection, one or all of them', async () => {
    expect(await resolved(['8.8.8.8', '8.8.4.4'], false)).toEqual(['8.8.8.8', 4]);
    expect(await resolved(['8.8.8.8', '2606:4700::1111'], true)).toEqual([
      [
        { address: '8.8.8.8', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
    ]);
  });

  it.each([true, false])('publicLookup fails when any address of the name is not public (all: %p)', async (all) => {
    await expect(resolved(['8.8.8.8', '10.0.0.1'], all)).rejects.toThrow('keys.example is neither');
    await expect(resolved([], all)).rejects.toThrow('no address');
  });
});
