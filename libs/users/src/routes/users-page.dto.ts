import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';

/** Creates the response class of a page of users. */
export function usersPageDtoOf(View: Type): Type {
  class UsersPageDto {
    @ApiProperty({ type: [View], description: 'The users of this page.' })
    users!: object[];

    @ApiProperty({
      type: String,
      nullable: true,
      description: 'The value of `after` for the next page; null on the last page.',
      example: null,
    })
    next!: string | null;
  }
  return UsersPageDto;
}
