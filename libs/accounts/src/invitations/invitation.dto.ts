import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';
import { IsEmailAddress } from 'postern/users';
import { MAX_INVITATIONS } from './invitations.service.js';

const MAX_ROLES = 50;
const ID = '01938f2e-6a1c-7d3a-9c55-2d5f9d1c4e77';

/** The body of `POST /invitations`. */
export class InviteDto {
  @IsEmailAddress()
  email!: string;

  /** The names of the roles that the new user gets. */
  @ApiProperty({
    type: [String],
    required: false,
    maxItems: MAX_ROLES,
    example: ['auditor'],
    description: 'The names of the roles that the new user gets. You need each permission of them.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ROLES)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  roles?: string[];
}

/** The query of `GET /invitations`. */
export class ListInvitationsDto {
  @ApiProperty({
    description: 'The largest number of invitations to return.',
    type: 'integer',
    required: false,
    minimum: 1,
    maximum: MAX_INVITATIONS,
    example: 50,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_INVITATIONS)
  limit?: number;

  @ApiProperty({
    description: 'The `next` of the former page. Leave it out for the first page.',
    required: false,
    format: 'uuid',
    example: ID,
  })
  @IsOptional()
  @IsUUID()
  after?: string;
}

/** An invitation as administrators see it. It never contains the token. */
export class InvitationDto {
  @ApiProperty({ type: String, format: 'uuid', example: ID, description: 'The id of the invitation.' })
  id!: string;

  @ApiProperty({
    type: String,
    format: 'idn-email',
    example: 'grace@example.com',
    description: 'The normalised address.',
  })
  email!: string;

  @ApiProperty({ type: [String], example: ['auditor'], description: 'The roles that the new user gets.' })
  roles!: string[];

  @ApiProperty({
    type: String,
    format: 'uuid',
    example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
    description: 'The id of the user who invited.',
  })
  invitedBy!: string;

  @ApiProperty({ type: Date, example: '2026-11-23T08:30:00.000Z', description: 'When the mail was written.' })
  createdAt!: Date;

  @ApiProperty({ type: Date, example: '2026-11-30T08:30:00.000Z', description: 'When the link expires.' })
  expiresAt!: Date;
}

/** A page of invitations. */
export class InvitationsPageDto {
  @ApiProperty({ type: [InvitationDto], description: 'The invitations of this page, the oldest first.' })
  invitations!: InvitationDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The value of `after` for the next page; null on the last page.',
    example: null,
  })
  next!: string | null;
}
