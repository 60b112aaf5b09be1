import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** The request body of a flow that a link finishes. */
export class OneTimeTokenDto {
  @ApiProperty({
    type: String,
    maxLength: 64,
    example: 'q7Wk0T2hZs5mYb8nVc1xLd4fGj6pRu9eAiOtQwXyHvM',
    description:
      'The token in the link of the mail, after `#token=`. Outside production, `/dev/mailbox` shows the mail.',
  })
  @IsString()
  @MaxLength(64)
  token!: string;
}

/** The request body of a password reset. */
export class ResetPasswordDto extends OneTimeTokenDto {
  @ApiProperty({
    type: String,
    format: 'password',
    example: 'nine grey herons by the weir',
    description: 'The new password. The same rules apply as for a registration.',
  })
  @IsString()
  password!: string;
}
