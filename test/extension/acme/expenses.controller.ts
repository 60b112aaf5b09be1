import { Controller, Get, HttpCode, type MessageEvent, Param, Post, Sse } from '@nestjs/common';
import { CurrentPrincipal, CurrentUser, type Principal, Public, RequireScopes } from 'postern/auth';
import { map, type Observable, timer } from 'rxjs';
import { Timed } from './timed.decorator.js';
import type { SignedInEmployee } from './employee-mapper.js';

/** Acme's own business, guarded without a word: nothing but decorators says who may do what. */
@Controller('expenses')
@RequireScopes('expenses:read')
export class ExpensesController {
  /** Who asks, as the mapper made it, and whether that is whom the token speaks for. */
  @Get('mine')
  listExpenses(
    @CurrentUser() employee: SignedInEmployee,
    @CurrentUser<SignedInEmployee>('department') department: string | undefined,
    @CurrentPrincipal() principal: Principal,
  ): object {
    return { employee, department, sameSubject: principal.subject === employee.employeeId, expenses: [] };
  }

  /** How many expenses wait, for as long as the employee is signed in. */
  @Sse('waiting')
  followWaitingExpenses(): Observable<MessageEvent> {
    return timer(0, 1000).pipe(map(() => ({ data: { waiting: 0 } })));
  }

  @Post(':id/approve')
  @HttpCode(204)
  @Timed()
  @RequireScopes('expenses:approve')
  approveExpense(@Param('id') _id: string): void {}

  @Get('rules')
  @Public()
  readExpenseRules(): object {
    return { perDiem: 42 };
  }
}
