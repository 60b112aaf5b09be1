import 'reflect-metadata';
import { Controller, Get } from '@nestjs/common';
import { AuthModule, RequirePermissions, RevocationHealth, RevocationSet } from 'postern/auth';
import './bench.permissions.js';
import { HelloController, helloModule, serve } from './serve.js';

const { BENCH_ISSUER: issuer, BENCH_REPLICA: replica } = process.env as Record<string, string>;

@Controller('hello')
class ResourceController extends HelloController {
  @Get('right')
  @RequirePermissions('bench:read')
  right(): object {
    return this.hello();
  }
}

async function token(): Promise<string> {
  const answer = await fetch(`${replica}/bench/tokens?scope=revocations:read`);
  return ((await answer.json()) as [string])[0];
}

const auth = AuthModule.forRoot({
  issuer: issuer!,
  audience: 'postern',
  revocations: { follow: true, uri: `${replica}/auth/revocations`, token },
  // Caches keys for one second, like the issuer of the bench.
  jwks: { cooldownSeconds: 1, minimumAgeSeconds: 1, maximumAgeSeconds: 5 },
});
const app = await serve(helloModule({ imports: [auth] }, ResourceController));

/** The revocations that a verifier holds; the bench waits until it holds enough. */
process.on('message', (message) => {
  if (message !== 'known') return;
  process.send!({ held: app.get(RevocationSet).size, status: app.get(RevocationHealth).status });
});
