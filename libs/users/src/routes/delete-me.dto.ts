import { ApiProperty } from '@nestjs/swagger';
import { IsString, MinLength, ValidateIf } from 'class-validator';

/** The body of `DELETE /users/me`: the password or a recent login confirms that the caller is the user. */
export class DeleteMeDto {
  /** The user's current password. A user without a password leaves it out, after a recent login. */
  @ApiProperty({
    description: "The user's current password. Leave it out if you have none: your login must then be recent.",
    required: false,
    example: 'seven small boats at noon',
    format: 'password',
    minLength: 1,
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MinLength(1)
  password?: string;
}
