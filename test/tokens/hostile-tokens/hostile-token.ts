/** A text that must be rejected as a token, and the reason. */
export interface HostileToken {
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}

/** Names each text of a class; the names become test names. */
export function hostile(kind: string, texts: Readonly<Record<string, string>>): HostileToken[] {
  return Object.entries(texts).map(([name, text]) => ({ kind, name, text }));
}
