/** The most specific browser first: the User-Agent of a browser also names older browsers. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|Opera|OPiOS)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/\S+ .*\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bWindows\b/, 'Windows'],
  [/\biPad\b/, 'iPadOS'],
  [/\b(iPhone|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\b(Macintosh|Mac OS X|Darwin)\b/, 'macOS'],
  [/\b(Linux|X11)\b/, 'Linux'],
];

/** A readable name of a User-Agent: "Firefox on Linux", "curl", "Unknown device". A client can send any User-Agent. */
export function userAgentLabel(userAgent: string | null | undefined): string {
  const text = (userAgent ?? '').trim();
  if (!text) return 'Unknown device';
  const browser = named(BROWSERS, text);
  const system = named(SYSTEMS, text);
  const program = browser ?? productOf(text);
  if (program && system) return `${program} on ${system}`;
  return program ?? system ?? 'Unknown device';
}

function named(list: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return list.find(([pattern]) => pattern.test(text))?.[1];
}

function productOf(text: string): string | undefined {
  const product = /^[A-Za-z][\w .-]{0,39}?(?=\/|$)/.exec(text)?.[0];
  return product === 'Mozilla' ? undefined : product;
}
