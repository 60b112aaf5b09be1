import { Injectable } from '@nestjs/common';
import { PasswordPolicy, type PasswordViolation } from 'postern/password';

/** Refuses a season with a year: the password that every company with a rotation rule has. */
@Injectable()
export class NoSeasonPolicy extends PasswordPolicy {
  check(password: string): readonly PasswordViolation[] {
    if (!/(spring|summer|autumn|winter)\W{0,3}20\d\d/i.test(password)) return [];
    return [{ code: 'password-is-a-season', detail: 'Choose something else than a season and its year.' }];
  }
}
