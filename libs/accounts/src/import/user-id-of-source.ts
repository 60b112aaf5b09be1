import { createHash } from 'node:crypto';

/**
 * The id of an imported user: a UUID version 7 of the time zero, whose other bits are a hash of the source and its id.
 * A second import finds the same id, so it needs no table of imported users.
 *
 * @see RFC 9562 §5.7
 */
export function userIdOfSource(source: string, sourceId: string): string {
  const bytes = createHash('sha256').update(`postern-import\0${source}\0${sourceId}`).digest().subarray(0, 16);
  // No date of the source: two entries with one id and different dates are one user.
  bytes.fill(0, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
