import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthModule } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { TestIssuer, testPrincipal } from 'postern/testing/auth';
import { AppController } from './app.controller.js';

const issuer = new TestIssuer('orders');

@Module({
  imports: [ProblemModule.forRoot({}), AuthModule.forRoot(issuer.settings)],
  controllers: [AppController],
})
class TriedOutModule {}

/** Tests the service with tokens of the testing issuer, and prints the answers. */
async function tryOut(): Promise<void> {
  const app = await NestFactory.create(TriedOutModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const statusFor = async (token: string): Promise<number> =>
    (await fetch(`${await app.getUrl()}/orders`, { headers: { authorization: `Bearer ${token}` } })).status;
  const { subject } = testPrincipal();
  const statuses = [
    await statusFor(issuer.token({ subject, scopes: ['orders:read'] })),
    await statusFor(issuer.token({ subject })),
    await statusFor(issuer.token({ subject, lifetimeSeconds: -60 })),
  ];
  await app.close();
  process.stdout.write(JSON.stringify(statuses));
}

void tryOut();
