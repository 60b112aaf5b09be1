import { ApiProperty } from '@nestjs/swagger';
import { IsString, MinLength } from 'class-validator';

/** What it takes to delete one's own account: the proof that it is still the user who asks. */
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
