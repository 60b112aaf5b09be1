import { fork, type ChildProcess } from 'node:child_process';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ecdsaSignatureFromDer, SigningKeys, type PublicSigningKey } from 'postern/tokens';

const KID = 'hsm-1';

interface Answer {
  readonly id: number;
  readonly publicJwk: JsonWebKey;
  readonly signature?: string;
}

/** Signs by a process of its own, as a team would by its KMS: this process sees public keys and signatures only. */
@Injectable()
export class ChildProcessSigningKeys extends SigningKeys implements OnModuleDestroy {
  private readonly child: ChildProcess = fork(fileURLToPath(new URL('./signer.mjs', import.meta.url)), {
    execArgv: [],
  });
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private known?: readonly PublicSigningKey[];
  private count = 0;

  constructor() {
    super();
    this.child.on('message', (answer: Answer) => {
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
  }

  override async keys(): Promise<readonly PublicSigningKey[]> {
    if (!this.known) {
      const { publicJwk } = await this.ask();
      const key = createPublicKey({ key: publicJwk, format: 'jwk' });
      this.known = [{ kid: KID, alg: 'ES256', key, jwk: publicJwk }];
    }
    return this.known;
  }

  override async sign(_kid: string, signingInput: Buffer): Promise<Buffer> {
    const { signature = '' } = await this.ask(signingInput.toString('base64'));
    return ecdsaSignatureFromDer(Buffer.from(signature, 'base64'), 'ES256');
  }

  onModuleDestroy(): void {
    this.child.disconnect();
  }

  private ask(signingInput?: string): Promise<Answer> {
    const id = ++this.count;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.child.send({ id, signingInput });
    });
  }
}
