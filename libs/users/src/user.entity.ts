import { Entity } from 'typeorm';
import { UserBase } from './user-base.entity.js';

/**
 * The user of a team that adds no fields. Loaded only when `UsersModule` is given no other class: two classes for one
 * table would be two metadata in one DataSource.
 */
@Entity('users')
export class User extends UserBase {}
