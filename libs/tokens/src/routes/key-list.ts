import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { KeyDto } from './key.dto.js';
import { SigningKeyTable } from '../keys/signing-key-table.js';
import { KeyRing } from '../keys/key-ring.js';

/** What an operator may see of the keys, wherever they live. */
@Injectable()
export class KeyList {
  constructor(
    private readonly store: SigningKeyTable,
    private readonly known: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** Every stored key and every one of the signer, the newest first. */
  async all(): Promise<KeyDto[]> {
    const now = this.clock.now();
    const stored = await this.store.all();
    const elsewhere = this.known.published().filter(({ kid }) => !stored.some((row) => row.kid === kid));
    return [...elsewhere, ...stored].map((key) => KeyDto.from(key, now));
  }
}
