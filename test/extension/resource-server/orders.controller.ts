import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { CurrentPrincipal, CurrentUser, type Principal, Public, RequireScopes } from 'postern/auth';
import { OrderUnknownError } from './orders.errors.js';

/** The orders of whoever asks. */
@Controller('orders')
export class OrdersController {
  @Get()
  @RequireScopes('expenses:read')
  list(@CurrentPrincipal() { subject, claims }: Principal): object {
    return { buyer: subject, department: claims['department'], orders: [] };
  }

  @Get('prices')
  @Public()
  prices(): object {
    return { anvil: 42 };
  }

  @Get(':id')
  read(@CurrentUser('subject') subject: string, @Param('id') id: string): object {
    if (id !== '1') throw new OrderUnknownError();
    return { id, buyer: subject };
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('expenses:approve')
  cancel(@Param('id') _id: string): void {}
}
