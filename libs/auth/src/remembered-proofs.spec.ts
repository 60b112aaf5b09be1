import { createHash } from 'node:crypto';
import { Proof, RememberedProofs } from './remembered-proofs.js';
import type { Principal } from './principal.js';

const proof = (text: string, validUntil = 1_000): Proof => new Proof(text, {} as Principal, 0, validUntil);
const BYTES = 1 * 4 + 1_024;

/** Told twice, as what comes a second time is. */
function remember(proofs: RememberedProofs, one: Proof, now: number): void {
  proofs.add(one, now);
  proofs.add(one, now);
}

describe('RememberedProofs', () => {
  it('knows what it was told, by the whole text', () => {
    const proofs = new RememberedProofs(10, 1e6);
    const one = proof('token');
    remember(proofs, one, 0);
    expect(proofs.get('token')).toBe(one);
    expect(proofs.get('token ')).toBeUndefined();
    proofs.delete('token');
    expect([proofs.get('token'), proofs.size]).toEqual([undefined, 0]);
  });

  it('remembers nothing of a token that comes once, and the second proof of one that comes again', () => {
    const proofs = new RememberedProofs(10, 1e6);
    const [first, second] = [proof('token'), proof('token')];
    proofs.add(first, 0);
    expect([proofs.get('token'), proofs.size]).toEqual([undefined, 0]);
    proofs.add(second, 0);
    expect(proofs.get('token')).toBe(second);
  });

  it('comes to remember every token that is used over and over, however many take turns', () => {
    const proofs = new RememberedProofs(10_000, 1e9);
    const tokens = Array.from({ length: 10_000 }, (_, at) => createHash('sha256').update(`${at}`).digest('base64url'));
    for (let round = 0; round < 50; round += 1) {
      for (const token of tokens) if (proofs.get(token) === undefined) proofs.add(proof(token), 0);
    }
    expect(proofs.size).toBe(tokens.length);
  });

  it('lets tokens that come once drive out none that is used', () => {
    const proofs = new RememberedProofs(3, 1e6);
    remember(proofs, proof('used'), 0);
    for (let at = 0; at < 50_000; at += 1) proofs.add(proof(`once ${at}`), 0);
    expect([proofs.get('used') !== undefined, proofs.size]).toEqual([true, 1]);
  });

  it('is not deceived by a text that ends alike, nor forgets by it', () => {
    const proofs = new RememberedProofs(10, 1e6);
    const end = 's'.repeat(86);
    remember(proofs, proof(`a.${end}`), 0);
    expect(proofs.get(`b.${end}`)).toBeUndefined();
    expect(proofs.get(end)).toBeUndefined();
    proofs.delete(`b.${end}`);
    expect(proofs.get(`a.${end}`)).toBeDefined();
    remember(proofs, proof(`b.${end}`), 0);
    expect([proofs.size, proofs.get(`a.${end}`)]).toEqual([1, undefined]);
  });

  it('holds no more entries than it may, and lets the oldest go', () => {
    const proofs = new RememberedProofs(3, 1e6);
    for (const token of ['a', 'b', 'c', 'd']) remember(proofs, proof(token), 0);
    expect(['a', 'b', 'c', 'd'].map((token) => proofs.get(token) !== undefined)).toEqual([false, true, true, true]);
  });

  it('keeps what is used, and lets go what is not', () => {
    const proofs = new RememberedProofs(3, 1e6);
    for (const token of ['a', 'b', 'c']) remember(proofs, proof(token), 0);
    proofs.get('a');
    remember(proofs, proof('d'), 0);
    expect(['a', 'b', 'c', 'd'].map((token) => proofs.get(token) !== undefined)).toEqual([true, false, true, true]);
  });

  it('holds no more bytes than it may', () => {
    const proofs = new RememberedProofs(1_000, 10 * BYTES);
    for (let at = 0; at < 500; at += 1) remember(proofs, proof(String.fromCodePoint(0x4e00 + at)), 0);
    expect(proofs.size).toBe(10);
    remember(proofs, proof('x'.repeat(20_000)), 0);
    expect(proofs.get('x'.repeat(20_000))).toBeUndefined();
  });

  it('stays within its bounds when everything is used', () => {
    const proofs = new RememberedProofs(50, 1e6);
    for (let at = 0; at < 1_000; at += 1) {
      remember(proofs, proof(`t${at}`), 0);
      for (let used = 0; used <= at; used += 1) proofs.get(`t${used}`);
      expect(proofs.size).toBeLessThanOrEqual(50);
    }
  });

  it('drops the expired when something new comes', () => {
    const proofs = new RememberedProofs(10, 1e6);
    remember(proofs, proof('old', 10), 0);
    remember(proofs, proof('new', 1_000), 10);
    expect([proofs.get('old'), proofs.size]).toEqual([undefined, 1]);
  });

  it('counts a token once that is told twice', () => {
    const proofs = new RememberedProofs(10, 2 * BYTES);
    for (let at = 0; at < 10; at += 1) remember(proofs, proof('a'), 0);
    remember(proofs, proof('b'), 0);
    expect(proofs.size).toBe(2);
  });
});
