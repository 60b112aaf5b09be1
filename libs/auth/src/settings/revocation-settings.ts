/** How an application reads the revocations of an issuer, and what it does if it cannot read them. */
export interface RevocationSettings {
  /** Follow the feed of the issuer over HTTP, for applications without the issuer's database. Default false. */
  readonly follow?: boolean | undefined;
  /**
   * The access token for the feed (scope `revocations:read`), or a function that fetches one. The function is called
   * for every connection and has 5 s, so short-lived tokens work. Required if `follow` is true.
   */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /**
   * The URL of the feed. Default: by discovery (`revocations_uri` of the metadata), which is repeated after a
   * failure.
   */
  readonly uri?: string | undefined;
  /** `sse` keeps one stream open; `poll` sends repeated requests, for proxies that break streams. Default `sse`. */
  readonly transport?: 'sse' | 'poll' | undefined;
  /** After this time without news from the feed, revocations are unknown. Default 10; 1 to 3,600. */
  readonly maximumSilenceSeconds?: number | undefined;
  /**
   * How the guard treats the tokens of this issuer while revocations are unknown. By default it answers 503
   * `revocations-unknown`. With `accept`, it checks the last known revocations, and `RevocationHealth` reports
   * `unknown`.
   */
  readonly whenSilent?: 'refuse' | 'accept' | undefined;
  /** The audience of the feed's events. Default: the `audience` of the issuer's tokens. */
  readonly audience?: string | readonly string[] | undefined;
}

/** The settings with their defaults. */
export interface CheckedRevocationSettings {
  readonly transport: 'sse' | 'poll';
  readonly maximumSilenceSeconds: number;
  readonly whenSilent: 'refuse' | 'accept';
  readonly audience: readonly string[];
}

const WHEN_SILENT: readonly string[] = ['refuse', 'accept'] satisfies CheckedRevocationSettings['whenSilent'][];

/** @throws Error that names the setting and its allowed values */
export function checkedRevocationSettings({ revocations = {}, audience }: FollowedIssuer): CheckedRevocationSettings {
  const { follow = false, transport = 'sse', maximumSilenceSeconds = 10, whenSilent = 'refuse' } = revocations;
  if (typeof follow !== 'boolean') {
    throw new Error('AuthModule: "revocations.follow" must be true or false, as a boolean.');
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
  if (!WHEN_SILENT.includes(whenSilent)) {
    throw new Error(`AuthModule: "revocations.whenSilent" must be one of ${WHEN_SILENT.join(', ')}.`);
  }
  if (!(maximumSilenceSeconds >= 1 && maximumSilenceSeconds <= 3600)) {
    throw new Error('AuthModule: "revocations.maximumSilenceSeconds" must be a number from 1 to 3600.');
  }
  return { transport, maximumSilenceSeconds, whenSilent, audience: [revocations.audience ?? audience].flat() };
}

/** The settings of an issuer that concern its revocations. */
interface FollowedIssuer {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly revocations?: RevocationSettings | undefined;
}
