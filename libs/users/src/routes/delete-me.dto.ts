import { ApiProperty } from '@nestjs/swagger';
import { IsString, MinLength } from 'class-validator';

/** The body of `DELETE /users/me`: the password confirms that the caller is still the user. */
export class DeleteMeDto {
  /** The user's current password. */
  @ApiProperty({
    description: "The user's current password.",
    example: 'seven small boats at noon',
    format: 'password',
    minLength: 1,
  })
  @IsString()
  @MinLength(1)
  password!: string;
}
