import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { IsEmailAddress } from 'postern/users';
import { MailSentDto } from '../dto/mail-sent.dto.js';
import { OneTimeTokenDto } from '../dto/one-time-token.dto.js';

const CODE = 'hY3nq0Vb1cTz8mKd5sWx7RjLf2gPu4eAiOtQwXyHvM6';
const BINDINGS = ['cookie', 'code'] as const;

/** The body of `POST /auth/magic-link`. */
export class MagicLinkDto {
  @IsEmailAddress()
  email!: string;

  /** How the browser is recognised at the login. */
  @ApiProperty({
    enum: BINDINGS,
    required: false,
    default: 'cookie',
    example: 'cookie',
    description:
      'How the login recognises the browser. `cookie`: by a cookie of this origin. `code`: the response has a ' +
      '`browserCode`, for clients without cookies of this origin.',
  })
  @IsOptional()
  @IsIn(BINDINGS)
  binding?: (typeof BINDINGS)[number];
}

/** The response of `POST /auth/magic-link`. It is the same for every address. */
export class MagicLinkSentDto extends MailSentDto {
  @ApiProperty({
    type: String,
    required: false,
    example: CODE,
    description: 'Present if `binding` is `code`. Keep it, and send it with the token of the link.',
  })
  browserCode?: string;
}

/** The body of `POST /auth/magic-link/login`. */
export class MagicLinkLoginDto extends OneTimeTokenDto {
  @ApiProperty({
    type: String,
    required: false,
    maxLength: 64,
    example: CODE,
    description: 'The `browserCode` of `POST /auth/magic-link`. Leave it out if the browser has the cookie.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  browserCode?: string;
}
