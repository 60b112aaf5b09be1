import { ApiProperty } from '@nestjs/swagger';

/** What was revoked after a cursor. */
export class RevocationPageDto {
  @ApiProperty({
    description:
      'Whether a snapshot begins here: the cursor was absent, too old, or of a database that was restored. What is told from ' +
      'here on, up to the first answer without more, is all that can concern a living token.',
    example: false,
  })
  reset!: boolean;

  @ApiProperty({
    description:
      'Security Event Tokens (RFC 8417, `typ: secevent+jwt`), in their order: pages of a snapshot, then single revocations.',
    type: [String],
    example: ['eyJhbGciOiJFUzI1NiIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl'],
  })
  sets!: string[];

  @ApiProperty({ description: 'What to ask for as `after`.', example: '4712.0b8e77f3' })
  cursor!: string;

  @ApiProperty({
    description: 'The place in the order behind this answer, or at which the snapshot ends.',
    type: 'integer',
    example: 4712,
  })
  sequence!: number;

  @ApiProperty({ description: 'Whether there is more to ask for at once.', example: false })
  more_available!: boolean;
}
