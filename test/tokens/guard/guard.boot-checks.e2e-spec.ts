import { Controller, Get, Injectable, Scope, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AuthModule, JwtAuthGuard, RequireScopes } from 'postern/auth';
import {
  START,
  time,
  mapper,
  EmployeeMapper,
  OrdersController,
  TwiceController,
  settings,
  tokenWith,
  ask,
  bearer,
  ADAPTERS,
  startOn,
} from './guard.fixture.js';

describe.each(ADAPTERS)('the guard on %s', (adapter) => {
  const start = startOn(adapter);

  beforeEach(() => {
    time.now = START;
    mapper.calls = 0;
  });

  it('a route with scopes and without a guard stops the start', async () => {
    @RequireScopes('orders:read')
    @Controller('late')
    class LateController {
      @Get()
      late(): string {
        return 'late';
      }
    }
    const local = { ...settings, global: false };
    await expect(start(local)).rejects.toThrow(
      /^AuthModule: OrdersController\.audit, OpenController\.shut has @RequireScopes .* Put @UseGuards/,
    );
    await expect(start(local, [LateController, TwiceController])).rejects.toThrow(
      /LateController\.late has @RequireScopes/,
    );
  });

  it('a function that replaces a method with scopes, a guard or a status stops the start', async () => {
    class PropertyController extends OrdersController {
      override audit = (): string => 'anybody';
    }
    Controller('property')(PropertyController);
    @Controller('bound')
    class BoundController {
      constructor() {
        this.late = this.late.bind(this);
        this.plain = this.plain.bind(this);
      }

      @UseGuards(JwtAuthGuard)
      @Get('late')
      late(): string {
        return 'late';
      }

      @Get('plain')
      plain(): string {
        return 'plain';
      }
    }
    await expect(start(settings, [PropertyController])).rejects.toThrow(
      /^AuthModule: PropertyController\.audit is assigned .* Declare it as a method/,
    );
    await expect(start({ ...settings, global: false }, [BoundController])).rejects.toThrow(
      /BoundController\.late is assigned as a property or bound/,
    );
  });

  it('a function that replaces a method is rejected at run time if the object is request-scoped', async () => {
    abstract class AuditController {
      @RequireScopes('orders:admin')
      @Get('audit')
      audit(): string {
        return 'audit';
      }
    }
    @Controller({ path: 'property', scope: Scope.REQUEST })
    class PropertyController extends AuditController {
      override audit = (): string => 'anybody';
    }
    const local = await start(settings, [PropertyController]);
    expect((await ask(local, '/property/audit', bearer(tokenWith()))).status).toBe(500);
    expect((await ask(local, '/property/audit')).status).toBe(500);
    await local.close();
  });

  it('the guard also runs if it or its dependencies would be request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class HastyMapper extends EmployeeMapper {}
    @Injectable({ scope: Scope.REQUEST })
    class HastyGuard extends JwtAuthGuard {}
    Reflect.defineMetadata('design:paramtypes', Reflect.getMetadata('design:paramtypes', JwtAuthGuard), HastyGuard);
    await expect(start({ ...settings, mapper: HastyMapper })).rejects.toThrow(
      /APP_GUARD .* depends on a request-scoped/,
    );
    await expect(start({ ...settings, guard: HastyGuard })).rejects.toThrow(/APP_GUARD .* depends on a request-scoped/);
  });

  it('AuthModule must be imported only once', async () => {
    const both = [
      AuthModule.forRoot(settings),
      AuthModule.forRoot({ ...settings, audience: 'billing', global: false }),
    ];
    await expect(Test.createTestingModule({ imports: both }).compile()).rejects.toThrow(
      /^AuthModule: import it once .* "issuers"/,
    );
  });
});
