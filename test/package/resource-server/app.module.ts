import { Module } from '@nestjs/common';
import { AuthModule } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { AppController } from './app.controller.js';

@Module({
  imports: [
    ProblemModule.forRoot({}),
    AuthModule.forRoot({
      issuer: 'https://id.example.com',
      audience: 'orders',
      staticKeys: [{ jwk: JSON.parse(process.env.PUBLIC_JWK ?? '{}'), kid: process.env.KID }],
      tokenType: process.env.TOKEN_TYPE,
      revocations: { follow: false, token: process.env.REVOCATIONS_TOKEN },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
