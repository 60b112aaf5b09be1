import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** What a login sends. Any text may stand for an address: an impossible one is a failed login like every other. */
export class LoginDto {
  /** The e-mail address of the account, in any spelling that normalises to it. */
  @ApiProperty({ type: String, format: 'idn-email', maxLength: 320, example: 'ada@example.com' })
  @IsString()
  @MaxLength(320)
  email!: string;

  /** The password. */
  @ApiProperty({ type: String, format: 'password', example: 'seven small boats at noon' })
  @IsString()
  password!: string;
}
