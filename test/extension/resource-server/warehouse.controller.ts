import { Controller, Get, UseGuards } from '@nestjs/common';
import { CurrentPrincipal, JwtAuthGuard, type Principal, Public, RequireScopes } from 'postern/auth';

/** Guarded by name, in an application whose guard is not global. */
@Controller('warehouse')
@UseGuards(JwtAuthGuard)
export class WarehouseController {
  @Get()
  stock(@CurrentPrincipal() { subject }: Principal): object {
    return { askedBy: subject };
  }

  @Get('safe')
  @RequireScopes('warehouse:open')
  safe(): object {
    return {};
  }

  @Get('address')
  @Public()
  address(): object {
    return { street: 'Desert Road' };
  }
}

/** Beside it, and open, since nobody said otherwise. */
@Controller('catalogue')
export class CatalogueController {
  @Get()
  items(): object {
    return { items: ['anvil'] };
  }
}
