import { ApiProperty } from '@nestjs/swagger';

const indicators = (description: string) => ({
  description,
  type: 'object' as const,
  additionalProperties: {
    type: 'object' as const,
    properties: { status: { type: 'string' as const, enum: ['up', 'down'] } },
    // An indicator may say more, such as how long it took.
    additionalProperties: true,
  },
});

/** What a health check answers where nothing ails. */
export class HealthDto {
  @ApiProperty({ description: 'Always `ok`: a check that fails is a problem.', enum: ['ok'], example: 'ok' })
  status!: string;

  @ApiProperty(indicators('What was asked, and is well.'))
  info!: object;

  @ApiProperty(indicators('What was asked, and is not.'))
  error!: object;

  @ApiProperty(indicators('All that was asked.'))
  details!: object;
}
