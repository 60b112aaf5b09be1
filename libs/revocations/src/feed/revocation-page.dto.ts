import { ApiProperty } from '@nestjs/swagger';

/** The revocations after a cursor. */
export class RevocationPageDto {
  @ApiProperty({
    description:
      'Whether a snapshot begins: the cursor was absent, too old, or from before a restore of the database. The responses ' +
      'from here to the first one with `more_available: false` contain all revocations that can concern a valid token.',
    example: false,
  })
  reset!: boolean;

  @ApiProperty({
    description:
      'Security Event Tokens (RFC 8417, `typ: secevent+jwt`), in order: pages of a snapshot, then single revocations.',
    type: [String],
    example: ['eyJhbGciOiJFUzI1NiIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl'],
  })
  sets!: string[];

  @ApiProperty({ description: 'The value of `after` for the next request.', example: '4712.0b8e77f3' })
  cursor!: string;

  @ApiProperty({
    description: 'The sequence number after this response, or at the end of the snapshot.',
    type: 'integer',
    example: 4712,
  })
  sequence!: number;

  @ApiProperty({ description: 'Whether the next request returns more at once.', example: false })
  more_available!: boolean;
}
