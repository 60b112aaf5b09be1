import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** The request body of a login. A text that is not an e-mail address fails like a wrong password. */
export class LoginDto {
  /** The e-mail address of the account. Postern normalises the spelling. */
  @ApiProperty({ type: String, format: 'idn-email', maxLength: 320, example: 'ada@example.com' })
  @IsString()
  @MaxLength(320)
  email!: string;

  /** The password. */
  @ApiProperty({ type: String, format: 'password', example: 'seven small boats at noon' })
  @IsString()
  password!: string;
}
