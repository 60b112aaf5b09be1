import 'reflect-metadata';
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { given } from './launch-options.js';
import { HelloController, helloModule, serve } from './serve.js';

/** The strategy of Nest's documentation with a text secret. */
@Injectable()
class RecipeStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: given.key,
    });
  }

  validate(payload: { sub: string }): object {
    return { userId: payload.sub };
  }
}

@Controller('hello')
class RecipeController extends HelloController {
  @UseGuards(AuthGuard('jwt'))
  @Get()
  override hello(): object {
    return super.hello();
  }
}

const adapter = process.argv[2] === 'express' ? new ExpressAdapter() : new FastifyAdapter();
await serve(helloModule({ imports: [PassportModule], providers: [RecipeStrategy] }, RecipeController), adapter);
