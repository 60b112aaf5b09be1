/** HTML in which every value is escaped. Only the tag {@link html} creates it. */
export class Html {
  /** @internal */
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** A value in a template: text is escaped, HTML is not escaped again. */
export type HtmlValue = string | number | Html | readonly Html[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Creates HTML from a template literal. It escapes every value, also in a quoted attribute.
 * @example
 * ```ts
 * html`<p>Hello ${user.nickname}</p>`
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((part, index) => (index === 0 ? part : escaped(values[index - 1]!) + part)).join(''));
}

function escaped(value: HtmlValue): string {
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map((part) => escaped(part as Html)).join('');
  return String(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}
