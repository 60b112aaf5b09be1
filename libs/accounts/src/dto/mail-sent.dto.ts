import { ApiProperty } from '@nestjs/swagger';

/** The response of a request for a mail. It is the same for every address. */
export class MailSentDto {
  @ApiProperty({ type: String, example: 'If the address can get this mail, it will arrive shortly.' })
  message!: string;

  /** The one response. */
  static readonly response: MailSentDto = Object.freeze({
    message: 'If the address can get this mail, it will arrive shortly.',
  });
}

/** The response of a registration, which is the same for every address. */
export type MailSent = Pick<MailSentDto, 'message'>;
