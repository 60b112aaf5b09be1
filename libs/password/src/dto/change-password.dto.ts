import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

/** The request body of a password change. */
export class ChangePasswordDto {
  /** The current password. */
  @ApiProperty({ type: String, format: 'password', example: 'seven small boats at noon' })
  @IsString()
  currentPassword!: string;

  /** The new password. It must differ from the current password and comply with every policy. */
  @ApiProperty({ type: String, format: 'password', example: 'nine grey herons by the weir' })
  @IsString()
  newPassword!: string;
}
