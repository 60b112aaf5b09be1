import { UserBase, UserField, type UserFieldOptions } from 'postern/users';
import { Column, Entity } from 'typeorm';
import { AccountsModule } from './accounts.module.js';

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
    expect(() => AccountsModule.forRoot({ production: true, user: userWith({ register: 'required' }) })).toThrow(
      'AccountsModule: Employee.password is registered under the name of the credential: give the field another name.',
    );
  });

  it('lets it be where it is not registered', () => {
    expect(() => AccountsModule.forRoot({ production: true, user: userWith({ read: 'admin' }) })).not.toThrow();
  });
});
