import { Matches } from 'class-validator';
import { UserBase, UserField } from 'postern/users';
import { Column, Entity } from 'typeorm';

@Entity('users')
export class Employee extends UserBase {
  /** The cost centre of the employee, which administrators assign. */
  @UserField({ write: 'admin', read: 'self', claim: 'cost_centre' })
  @Column({ name: 'cost_centre', type: 'varchar', length: 12, nullable: true })
  @Matches(/^CC-\d+$/)
  costCentre!: string | null;
}
