import { setting, settings } from 'postern/problem';

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

const REVOCATION_SETTINGS = settings<RevocationSettings>()('AuthModule: "revocations"', {
  follow: setting.flag(false),
  token: setting.unchecked(),
  uri: setting.unchecked(),
  transport: setting.oneOf(['sse', 'poll'], 'sse'),
  maximumSilenceSeconds: setting.number(10, { min: 1, max: 3600 }),
  whenSilent: setting.oneOf(['refuse', 'accept'], 'refuse'),
  audience: setting.unchecked(),
});

/** The settings with their defaults. */
export interface CheckedRevocationSettings {
  readonly transport: 'sse' | 'poll';
  readonly maximumSilenceSeconds: number;
  readonly whenSilent: 'refuse' | 'accept';
  readonly audience: readonly string[];
}

/** @throws Error that names the setting and its allowed values */
export function checkedRevocationSettings(issuer: FollowedIssuer): CheckedRevocationSettings {
  const place = `AuthModule: "revocations" of ${issuer.issuer}`;
  const {
    follow,
    token,
    audience = issuer.audience,
    ...checked
  } = REVOCATION_SETTINGS.read(issuer.revocations ?? {}, place);
  if (follow && !token) {
    throw new Error(
      'AuthModule: "revocations: { follow: true }" needs "token": an access token of the issuer with the scope ' +
        'revocations:read, or a function that fetches one.',
    );
  }
  return { ...checked, audience: [audience].flat() };
}

/** The settings of an issuer that concern its revocations. */
interface FollowedIssuer {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly revocations?: RevocationSettings | undefined;
}
