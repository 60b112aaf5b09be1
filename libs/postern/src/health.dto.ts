import { ApiProperty } from '@nestjs/swagger';

const indicators = (description: string) => ({
  description,
  type: 'object' as const,
  additionalProperties: {
    type: 'object' as const,
    properties: { status: { type: 'string' as const, enum: ['up', 'down'] } },
    // An indicator may have further members, such as a duration.
    additionalProperties: true,
  },
});

/** The response of a successful health check. */
export class HealthDto {
  @ApiProperty({ description: 'Always `ok`. A failed check responds with a problem.', enum: ['ok'], example: 'ok' })
  status!: string;

  @ApiProperty(indicators('The indicators that are up.'))
  info!: object;

  @ApiProperty(indicators('The indicators that are down.'))
  error!: object;

  @ApiProperty(indicators('All indicators.'))
  details!: object;
}
