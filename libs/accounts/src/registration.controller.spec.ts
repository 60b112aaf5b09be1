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
  it('refuses at boot a field that would be taken for the credential', () => {
    expect(() =>
      AccountsModule.forRoot({ production: true, user: userWith({ register: 'required', write: 'self' }) }),
    ).toThrow(
      'AccountsModule: Employee.password is registered under the name of the credential: give the field another name.',
    );
  });

  it('lets it be where it is not registered', () => {
    expect(() => AccountsModule.forRoot({ production: true, user: userWith({ read: 'admin' }) })).not.toThrow();
  });

  it('refuses at boot a controller that is made for other users than those of the module', () => {
    const user = userWith({ read: 'self' });
    class InvitedOnly extends registrationControllerOf(user) {}
    class Evenings extends InvitedOnly {}
    const sentence =
      'AccountsModule: the controller Evenings is made for the user entity Employee, but the user entity of this application is User: ' +
      'write user: Employee, or make the controller for User.';
    const settings = () => ({ production: true });
    expect(() => AccountsModule.forRoot({ production: true, controller: Evenings })).toThrow(sentence);
    expect(() => AccountsModule.forRootAsync({ useFactory: settings, controller: Evenings })).toThrow(sentence);
    expect(() => AccountsModule.forRoot({ production: true, user, controller: Evenings })).not.toThrow();
  });

  it('takes a controller that is made for no class of users', () => {
    class Own {
      register = () => 'by hand';
    }
    expect(() => AccountsModule.forRoot({ production: true, controller: Own })).not.toThrow();
    expect(() => AccountsModule.forRoot({ production: true, controller: false })).not.toThrow();
  });
});
