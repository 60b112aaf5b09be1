import { isOriginPattern } from './origin-pattern.js';

/** The settings for pages of other origins. */
export interface CorsSettings {
  /**
   * The origins of pages that may call the application: `https://app.example.com`, one label `https://*.example.com`,
   * an application in a web view `capacitor://localhost`, or `*`. Default: none.
   */
  corsOrigins?: readonly string[] | undefined;
  /** Request headers of pages, in addition to those of Postern, such as Authorization. Default: none. */
  corsAllowedHeaders?: readonly string[] | undefined;
  /** Response headers for pages, in addition to those of Postern, such as Retry-After and RateLimit. Default: none. */
  corsExposedHeaders?: readonly string[] | undefined;
  /** The methods of pages. Default: GET, HEAD, POST, PUT, PATCH, DELETE. */
  corsMethods?: readonly string[] | undefined;
  /** How long a browser remembers a preflight, in seconds, at most a day. Default: 600. */
  corsMaximumAgeSeconds?: number | undefined;
  /** Whether pages may send cookies. It needs a list of origins, without `*`. Default: `false`. */
  corsCredentials?: boolean | undefined;
}

/** The settings with every default filled in. */
export type CompleteCorsSettings = { readonly [Name in keyof CorsSettings]-?: NonNullable<CorsSettings[Name]> };

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const DAY_SECONDS = 86_400;

/** `*` is a header name by RFC 9110 §5.6.2, and a wildcard that excludes Authorization by the Fetch standard. */
const HEADER_NAME = /^[\w!#$%&'+.^`|~-]+$/;

/** Fills in the defaults. */
export function completeCorsSettings(settings: CorsSettings): CompleteCorsSettings {
  return {
    corsOrigins: settings.corsOrigins ?? [],
    corsAllowedHeaders: settings.corsAllowedHeaders ?? [],
    corsExposedHeaders: settings.corsExposedHeaders ?? [],
    corsMethods: settings.corsMethods ?? METHODS,
    corsMaximumAgeSeconds: settings.corsMaximumAgeSeconds ?? 600,
    corsCredentials: settings.corsCredentials ?? false,
  };
}

/** Returns the settings that are invalid, each with the rest of a sentence that begins with the name of the setting. */
export function corsProblems(settings: CompleteCorsSettings): (readonly [keyof CorsSettings, string])[] {
  const problems: (readonly [keyof CorsSettings, string])[] = [];
  const origin = settings.corsOrigins.find((text) => !isOriginPattern(text));
  if (origin !== undefined) {
    const example = origin.includes('*')
      ? 'https://*.example.com, with one * as the first label'
      : 'https://app.example.com';
    problems.push(['corsOrigins', `has "${origin}": write an origin without a path, such as ${example}.`]);
  }
  for (const name of ['corsAllowedHeaders', 'corsExposedHeaders'] as const) {
    const header = settings[name].find((text) => !HEADER_NAME.test(text));
    if (header !== undefined) problems.push([name, `has "${header}": write names of headers, such as traceparent.`]);
  }
  const method = settings.corsMethods.find((text) => !/^[A-Z]+$/.test(text));
  if (method !== undefined)
    problems.push(['corsMethods', `has "${method}": write methods in capitals, such as PATCH.`]);
  const age = settings.corsMaximumAgeSeconds;
  if (!(Number.isInteger(age) && age >= 0 && age <= DAY_SECONDS)) {
    problems.push(['corsMaximumAgeSeconds', `is ${String(age)}: write a whole number from 0 to ${DAY_SECONDS}.`]);
  }
  // A browser rejects `*` with credentials, and to echo every origin would let every page act as the user.
  if (settings.corsCredentials && settings.corsOrigins.includes('*')) {
    problems.push([
      'corsCredentials',
      'is true and the origins are "*": list the origins whose pages may send cookies.',
    ]);
  }
  return problems;
}
