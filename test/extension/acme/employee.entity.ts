import { IsOptional, Matches, Max, Min } from 'class-validator';
import { UserBase, UserField } from 'postern/users';
import { Column, Entity } from 'typeorm';

/** Where an employee stands. */
export enum Employment {
  Active = 'active',
  OnLeave = 'on-leave',
  Left = 'left',
}

/** Somebody who works at Acme: everything that Acme knows of a user, in one class. */
@Entity('users')
export class Employee extends UserBase {
  @UserField({
    write: 'admin',
    read: 'self',
    claim: 'cost_centre',
    example: 'CC-1042',
    description: 'The cost centre the employee books on.',
  })
  @Column({ name: 'cost_centre', type: 'varchar', length: 12, default: 'CC-1' })
  @Matches(/^CC-\d+$/)
  costCentre?: string;

  @UserField({ register: 'optional', write: 'self', read: 'public', example: 'Ada' })
  @Column({ name: 'nickname', type: 'varchar', length: 40, nullable: true })
  @IsOptional()
  nickname!: string | null;

  @UserField({ write: 'admin', read: 'self', example: 'B-0042' })
  @Column({ name: 'badge', type: 'varchar', length: 8, nullable: true, unique: true })
  @IsOptional()
  @Matches(/^B-\d{4}$/)
  badge!: string | null;

  @UserField({ write: 'admin', read: 'self', example: Employment.Active })
  @Column({ name: 'employment', type: 'enum', enum: Employment, enumName: 'employment', default: Employment.Active })
  employment?: Employment;

  @UserField({ write: 'admin', read: 'admin', example: 2, description: 'What the employee may see, from 0 to 9.' })
  @Column({ name: 'clearance', type: 'int', default: 0 })
  @Min(0)
  @Max(9)
  clearance?: number;

  /** Acme's payroll reads it from the database; no route shows it, since it has no `@UserField`. */
  @Column({ name: 'iban', type: 'varchar', length: 34, nullable: true })
  iban!: string | null;
}
