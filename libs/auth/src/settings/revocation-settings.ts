/** How an application learns what an issuer has revoked, and what it does when it does not learn it. */
export interface RevocationSettings {
  /** Follow the feed of the issuer over HTTP, for applications without the issuer's database. Default false. */
  readonly follow?: boolean | undefined;
  /**
   * The access token that the feed asks for (scope `revocations:read`), or a function that fetches one: called at every
   * connection and waited for 5 s, so that a token that lives shortly will do. Required where `follow` is true.
   */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Where the feed is; found by discovery (`revocations_uri` of the metadata) where absent, and anew when it fails. */
  readonly uri?: string | undefined;
  /** `sse` keeps one stream open; `poll` asks again and again, for proxies that break streams. Default `sse`. */
  readonly transport?: 'sse' | 'poll' | undefined;
  /** For so long an application may have heard nothing and still count as knowing. Default 10; 1 to 3,600. */
  readonly maximumSilenceSeconds?: number | undefined;
  /**
   * What the guard does after that with the tokens of this issuer: `refuse` answers 503 `revocations-unknown`, `accept`
   * accepts on what it knew and says so in `RevocationHealth`. Default `refuse`.
   */
  readonly whenSilent?: 'refuse' | 'accept' | undefined;
  /** Whom the feed's events are for. Default: the `audience` that its tokens must name. */
  readonly audience?: string | readonly string[] | undefined;
}

/** The settings with every default in its place. */
export interface CheckedRevocationSettings {
  readonly transport: 'sse' | 'poll';
  readonly maximumSilenceSeconds: number;
  readonly whenSilent: 'refuse' | 'accept';
  readonly audience: readonly string[];
}

/** @throws Error with a sentence that says what to write */
export function checkedRevocationSettings({ revocations = {}, audience }: FollowedIssuer): CheckedRevocationSettings {
  const { follow = false, transport = 'sse', maximumSilenceSeconds = 10, whenSilent = 'refuse' } = revocations;
  if (typeof follow !== 'boolean') {
    throw new Error('AuthModule: "revocations.follow" must be true or false, and no text.');
  }
  if (follow && !revocations.token) {
    throw new Error(
      'AuthModule: "revocations: { follow: true }" needs "token": an access token of the issuer with the scope ' +
        'revocations:read, or a function that fetches one.',
    );
  }
  if (!['sse', 'poll'].includes(transport)) {
    throw new Error('AuthModule: "revocations.transport" must be "sse" or "poll".');
  }
  if (!['refuse', 'accept'].includes(whenSilent)) {
    throw new Error('AuthModule: "revocations.whenSilent" must be "refuse" or "accept".');
  }
  if (!(maximumSilenceSeconds >= 1 && maximumSilenceSeconds <= 3600)) {
    throw new Error('AuthModule: "revocations.maximumSilenceSeconds" must be a number from 1 to 3600.');
  }
  return { transport, maximumSilenceSeconds, whenSilent, audience: [revocations.audience ?? audience].flat() };
}

/** The settings of an issuer that say how to follow its revocations. */
interface FollowedIssuer {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly revocations?: RevocationSettings | undefined;
}
