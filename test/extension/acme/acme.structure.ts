import type { ModuleMetadata } from '@nestjs/common';
import { AuditTrail } from './audit-trail.js';
import { ExpensesController } from './expenses.controller.js';
import { Onboarding, OnboardingController } from './onboarding.js';

/** What Acme has besides Postern, however it is composed. */
export const acmeParts: Required<Pick<ModuleMetadata, 'controllers' | 'providers'>> = {
  controllers: [ExpensesController, OnboardingController],
  providers: [AuditTrail, Onboarding],
};
