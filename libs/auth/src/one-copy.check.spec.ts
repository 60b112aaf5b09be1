import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { AuthModule, JwtAuthGuard } from './index.js';
import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';

/** What another copy has marked. */
const OfAnotherCopy = (): ClassDecorator =>
  Reflect.metadata(Symbol.for('postern:copy'), {
    place: 'file:///app/node_modules/other/node_modules/postern',
  });

@Injectable()
class OtherVerifier {}

@OfAnotherCopy()
@Injectable()
class OtherGuard implements CanActivate {
  constructor(readonly verifier: OtherVerifier) {}
  canActivate = () => true;
}

@Injectable()
class TeamGuard extends OtherGuard {}

@OfAnotherCopy()
@Module({})
class OtherAuthModule {}

@Controller()
class Orders {
  @UseGuards(TeamGuard)
  @Get()
  list(): void {}
}

const settings = { issuer: 'https://id.example.com', audience: 'orders' };
const started = (metadata: ModuleMetadata, structure: object = {}) =>
  Test.createTestingModule({
    ...metadata,
    imports: [AuthModule.forRoot({ ...settings, ...structure }), ...(metadata.imports ?? [])],
  }).compile();

describe('AuthModule beside another copy of the package', () => {
  it.each<[string, ModuleMetadata, string]>([
    // The own one would revoke, and the guard of the other let pass.
    ['its AuthModule', { imports: [OtherAuthModule] }, 'OtherAuthModule'],
    ['a guard that extends its guard', { controllers: [Orders] }, 'TeamGuard'],
    [
      'its guard before every route',
      { providers: [OtherVerifier, { provide: APP_GUARD, useClass: OtherGuard }] },
      'OtherGuard',
    ],
  ])('does not start with %s, and says why', async (_, metadata, name) => {
    const sentence = `AuthModule: two copies of postern are loaded. ${name} comes from file:///app/`;
    for (const global of [true, false]) await expect(started(metadata, { global })).rejects.toThrow(sentence);
  });

  it('takes no guard of it as its own', () => {
    const guard = TeamGuard as unknown as Type<JwtAuthGuard>;
    expect(() => AuthModule.forRoot({ ...settings, guard })).toThrow('TeamGuard comes from file:///app/');
  });

  it('starts where guards and modules are of its own copy', async () => {
    @Injectable()
    class OwnGuard extends JwtAuthGuard {}
    @Controller()
    class Stock {
      @UseGuards(JwtAuthGuard)
      @Get()
      list(): void {}
    }
    await expect(started({ controllers: [Stock] }, { guard: OwnGuard })).resolves.toBeDefined();
  });
});
