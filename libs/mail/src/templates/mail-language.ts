/** The languages of the shipped templates. The first is the default. */
const MAIL_LANGUAGES = ['en', 'ko'] as const;

/** A language of the shipped templates (BCP 47). */
export type MailLanguage = (typeof MAIL_LANGUAGES)[number];

/**
 * Chooses the language of a mail: the user's locale, else the best of `Accept-Language`, else English.
 *
 * @param locale the user's locale, such as `ko-KR` or `ko_KR`
 * @param acceptLanguage the header of the request
 * @see RFC 9110 §12.5.4
 */
export function mailLanguageOf(locale: unknown, acceptLanguage: string | undefined): MailLanguage {
  const own = typeof locale === 'string' ? languageOf(locale) : undefined;
  if (own !== undefined) return own;
  const [best] = (acceptLanguage ?? '')
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';');
      const quality = parameters.map((text) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/i.exec(text)?.[1]).find(Boolean);
      return { language: languageOf(tag.trim()), quality: Number(quality ?? 1) };
    })
    .filter(({ language, quality }) => language !== undefined && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return best?.language ?? MAIL_LANGUAGES[0];
}

function languageOf(tag: string): MailLanguage | undefined {
  const primary = tag.split(/[-_]/, 1)[0]!.toLowerCase();
  return MAIL_LANGUAGES.find((language) => language === primary);
}
