import { Controller, Get } from '@nestjs/common';
import { Column, Entity } from 'typeorm';
import { adminUsersControllerOf } from '../routes/admin-users.controller.js';
import { meControllerOf } from '../routes/me.controller.js';
import { UserBase } from '../user-base.entity.js';
import { UserField } from '../fields/user-field.decorator.js';
import { UsersModule } from '../users.module.js';

@Entity('users')
class Employee extends UserBase {
  @UserField({ write: 'self', read: 'self' })
  @Column({ type: 'varchar', nullable: true })
  nickname!: string | null;
}

@Entity('users')
class Contractor extends UserBase {}

@Controller('users/me')
class MyMe extends meControllerOf(Employee) {}
class MyAdmin extends adminUsersControllerOf(Employee) {}
class Later extends MyMe {}

@Controller('users/me')
class Other {
  @Get()
  readMe(): string {
    return 'ada';
  }
}

describe('UsersModule', () => {
  it.each([{ me: MyMe }, { admin: MyAdmin }, { me: Later }, { me: meControllerOf(Employee) }])(
    'UsersModule rejects a controller that is made for another user entity: %p',
    (controllers) => {
      const sentence = (users: string) =>
        new RegExp(
          `^UsersModule: the controller \\w+ is made for the user entity Employee, but the user entity of this application is ${users}: ` +
            `write user: Employee, or make the controller for ${users}.$`,
        );
      expect(() => UsersModule.forRoot({ controllers })).toThrow(sentence('User'));
      expect(() => UsersModule.forRoot({ user: Contractor, controllers })).toThrow(sentence('Contractor'));
      expect(() => UsersModule.forRootAsync({ useFactory: () => ({}), controllers })).toThrow(sentence('User'));
      expect(() => UsersModule.forRoot({ user: Employee, controllers })).not.toThrow();
    },
  );

  it('UsersModule accepts a controller that is not made for a user entity', () => {
    expect(() => UsersModule.forRoot({ user: Employee, controllers: { me: Other, admin: false } })).not.toThrow();
  });
});
