import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CurrentPrincipal, CurrentUser, type Principal, Public, RequireScopes } from 'postern/auth';
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

  @Post(':id/approve')
  @HttpCode(204)
  @RequireScopes('expenses:approve')
  approveExpense(@Param('id') _id: string): void {}

  @Get('rules')
  @Public()
  readExpenseRules(): object {
    return { perDiem: 42 };
  }
}
