import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { KeyDto } from './key.dto.js';
import { SigningKeyTable } from '../keys/signing-key-table.js';
import { KeyRing } from '../keys/key-ring.js';

/** The public data of all keys, including those of a signer. */
@Injectable()
export class KeyList {
  constructor(
    private readonly store: SigningKeyTable,
    private readonly known: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** Keys of the signer, then stored keys, the newest first. */
  async all(): Promise<KeyDto[]> {
    const now = this.clock.now();
    const stored = await this.store.all();
    const elsewhere = this.known.published().filter(({ kid }) => !stored.some((row) => row.kid === kid));
    return [...elsewhere, ...stored].map((key) => KeyDto.from(key, now));
  }
}
