import { Injectable } from '@nestjs/common';
import { type Principal, PrincipalMapper } from 'postern/auth';
import { CostCentres } from './cost-centres.js';

/** Who is signed in, as Acme's controllers see it. */
export interface SignedInEmployee {
  readonly employeeId: string;
  readonly department: string | undefined;
  readonly isManager: boolean;
}

/** Makes the signed-in employee of what the token says, without a query. */
@Injectable()
export class EmployeeMapper extends PrincipalMapper<SignedInEmployee> {
  constructor(private readonly costCentres: CostCentres) {
    super();
  }

  /** `undefined` refuses: a token without a cost centre is none of an employee. */
  map({ subject, roles, claims }: Principal): SignedInEmployee | undefined {
    const costCentre = claims['cost_centre'];
    if (typeof costCentre !== 'string') return undefined;
    return {
      employeeId: subject,
      department: this.costCentres.nameOf(costCentre),
      isManager: roles.includes('manager'),
    };
  }
}
