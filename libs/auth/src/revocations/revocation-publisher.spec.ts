import { LocalRevocations } from './local-revocations.js';
import type { Revocation } from './revocation.js';
import type { RevocationSet } from './revocation-set.js';
import { checkedRules } from '../tokens/access-token-rules.js';
import type { TrustedIssuers } from '../tokens/trusted-issuers.js';

const now = 1_800_000_000;

describe('LocalRevocations', () => {
  it.each([
    [{ clockToleranceSeconds: 5 }, 60 + 5],
    [{ clockToleranceSeconds: 300 }, 300 + 300],
  ])(
    'LocalRevocations keeps a revocation longer than any token that is accepted with %j, even one from a fast clock',
    async (settings, margin) => {
      const own = checkedRules({
        issuer: 'https://id.example.test',
        audience: 'api',
        maximumLifetimeSeconds: 900,
        ...settings,
      });
      const added: Revocation[] = [];
      const revocations = new LocalRevocations(
        { add: (revocation: Revocation) => void added.push(revocation) } as RevocationSet,
        { own, get: () => own } as unknown as TrustedIssuers,
        { now: () => now * 1000 },
      );
      await revocations.publish({ kind: 'session', target: 'a session', reason: 'logout' });
      expect(added).toMatchObject([{ target: 'a session', expiresAt: now + 900 + margin }]);
    },
  );
});
