// Stands for an HSM: the private key is made here, and never leaves this process.
import { generateKeyPairSync, sign } from 'node:crypto';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

process.on('message', ({ id, signingInput }) => {
  // DER, as a KMS answers.
  const signature = signingInput && sign('sha256', Buffer.from(signingInput, 'base64'), privateKey).toString('base64');
  process.send({ id, signature, publicJwk: publicKey.export({ format: 'jwk' }) });
});
process.on('disconnect', () => process.exit());
