/**
 * Whether the header parameter `typ` is this media type. Letter case does not matter, and both may omit `application/`.
 *
 * @param expected a media type such as `at+jwt`
 * @see RFC 7515 §4.1.9, RFC 9068 §4
 */
export function isMediaType(typ: unknown, expected: string): boolean {
  return typ === expected || (typeof typ === 'string' && canonical(typ) === canonical(expected));
}

function canonical(type: string): string {
  const name = type.toLowerCase();
  return name.includes('/') ? name : `application/${name}`;
}
