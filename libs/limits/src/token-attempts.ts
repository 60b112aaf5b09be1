import { Injectable } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { CheckedLimitsSettings } from './checked-limits-settings.js';
import { Limits } from './limits.service.js';

/**
 * Limits attempts with invalid tokens by network. A token of 256 random bits cannot be guessed, so this saves the
 * database from floods: it counts failures after the attempt, and a valid token costs no query.
 */
@Injectable()
export class TokenAttempts {
  constructor(
    private readonly limits: Limits,
    private readonly settings: CheckedLimitsSettings,
  ) {}

  /**
   * Runs the work that reads a token.
   * @param ipAddress the address of the client
   * @param invalid the errors for an invalid token
   * @throws TooManyRequestsError; the error of the work
   */
  async attempt<T>(ipAddress: string | undefined, work: () => Promise<T>, ...invalid: Type<Error>[]): Promise<T> {
    const claims = this.settings.claims({ token: this.settings.networkOf(ipAddress) });
    this.limits.assertFree(claims);
    try {
      return await work();
    } catch (error) {
      // The response does not wait for it.
      if (invalid.some((type) => error instanceof type)) void this.limits.count(claims);
      throw error;
    }
  }
}
