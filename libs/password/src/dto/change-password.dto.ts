import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

/** What a change of the password sends. */
export class ChangePasswordDto {
  /** The password until now. */
  @ApiProperty({ type: String, format: 'password', example: 'seven small boats at noon' })
  @IsString()
  currentPassword!: string;

  /** The password from now on: another one, and one that passes the rules. */
  @ApiProperty({ type: String, format: 'password', example: 'nine grey herons by the weir' })
  @IsString()
  newPassword!: string;
}
