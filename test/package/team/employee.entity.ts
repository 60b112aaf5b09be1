import { Matches } from 'class-validator';
import { UserBase, UserField } from 'postern/users';
import { Column, Entity } from 'typeorm';

@Entity('users')
export class Employee extends UserBase {
  /** The cost centre the employee books on. */
  @UserField({ register: 'required', write: 'admin', read: 'self', claim: 'cost_centre' })
  @Column({ name: 'cost_centre', length: 12 })
  @Matches(/^CC-\d+$/)
  costCentre!: string;
}
