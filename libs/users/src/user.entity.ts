import { Entity } from 'typeorm';
import { UserBase } from './user-base.entity.js';

/**
 * The default user, without further fields. `UsersModule` registers it only if `user` is not configured: a DataSource
 * cannot have two classes for one table.
 */
@Entity('users')
export class User extends UserBase {}
