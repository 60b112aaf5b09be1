import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { IsEmailAddress } from 'postern/users';

/** The request body with an e-mail address. */
export class EmailDto {
  @IsEmailAddress()
  email!: string;
}

/** The request body of a change of the e-mail address. */
export class ChangeEmailDto {
  @IsEmailAddress()
  email!: string;

  @ApiProperty({
    type: String,
    format: 'password',
    example: 'seven small boats at noon',
    description: 'The current password.',
  })
  @IsString()
  password!: string;
}
