import { UserBase, UserField } from 'postern/users';
import type { UserFieldOptions } from 'postern/users';
import { Column, Entity } from 'typeorm';
import { AccountsModule } from './accounts.module.js';
import { registrationControllerOf } from './registration.controller.js';

function userWith(options: UserFieldOptions): new () => UserBase {
  @Entity('users')
  class Employee extends UserBase {
    @UserField(options)
    @Column({ type: 'text' })
    password!: string;
  }
  return Employee;
}

describe('registrationControllerOf', () => {
  it('registrationControllerOf rejects a field named `password` that can be registered', () => {
    expect(() => AccountsModule.forRoot({ user: userWith({ register: 'required', write: 'self' }) })).toThrow(
      'AccountsModule: the field Employee.password conflicts with the password of the registration: rename the field.',
    );
  });

  it('registrationControllerOf accepts a field named `password` that cannot be registered', () => {
    expect(() => AccountsModule.forRoot({ user: userWith({ read: 'admin' }) })).not.toThrow();
  });

  it('AccountsModule rejects a controller for another user class', () => {
    const user = userWith({ read: 'self' });
    class InvitedOnly extends registrationControllerOf(user) {}
    class Evenings extends InvitedOnly {}
    const sentence =
      'AccountsModule: the controller Evenings is made for the user entity Employee, but the user entity of this application is User: ' +
      'write user: Employee, or make the controller for User.';
    const settings = () => ({});
    expect(() => AccountsModule.forRoot({ controller: Evenings })).toThrow(sentence);
    expect(() => AccountsModule.forRootAsync({ useFactory: settings, controller: Evenings })).toThrow(sentence);
    expect(() => AccountsModule.forRoot({ user, controller: Evenings })).not.toThrow();
  });

  it('AccountsModule accepts a controller without a user class', () => {
    class Own {
      register = () => 'by hand';
    }
    expect(() => AccountsModule.forRoot({ controller: Own })).not.toThrow();
    expect(() => AccountsModule.forRoot({ controller: false })).not.toThrow();
  });
});
