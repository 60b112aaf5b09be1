/** A text that no door may take for a token, and why it is one. */
export interface HostileToken {
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}

/** Names each text of a kind: the names become the names of the tests. */
export function hostile(kind: string, texts: Readonly<Record<string, string>>): HostileToken[] {
  return Object.entries(texts).map(([name, text]) => ({ kind, name, text }));
}
