import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { AuthModule, JwtAuthGuard } from './index.js';
import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';

/** Marks a class as a class of another copy of the package. */
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

describe('AuthModule with two copies of the package', () => {
  it.each<[string, ModuleMetadata, string]>([
    // A token that this copy revokes would still be valid for the other copy.
    ['the AuthModule of another copy', { imports: [OtherAuthModule] }, 'OtherAuthModule'],
    ['a guard that extends the guard of another copy', { controllers: [Orders] }, 'TeamGuard'],
    [
      'its guard as a global guard',
      { providers: [OtherVerifier, { provide: APP_GUARD, useClass: OtherGuard }] },
      'OtherGuard',
    ],
  ])('AuthModule fails to start and names the class if the application has %s', async (_, metadata, name) => {
    const sentence = `AuthModule: two copies of postern are loaded. ${name} comes from file:///app/`;
    for (const global of [true, false]) await expect(started(metadata, { global })).rejects.toThrow(sentence);
  });

  it('AuthModule rejects a guard of another copy in its structure', () => {
    const guard = TeamGuard as unknown as Type<JwtAuthGuard>;
    expect(() => AuthModule.forRoot({ ...settings, guard })).toThrow('TeamGuard comes from file:///app/');
  });

  it('AuthModule starts if all guards and modules come from its own copy', async () => {
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
