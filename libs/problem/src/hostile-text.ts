import type { ProblemIssue } from './problem.errors.js';

/** How deep the arrays and objects of a request may be nested. */
export const MAX_DEPTH = 32;
/** How many issues one answer names: it must not grow faster than the request. */
export const MAX_ISSUES = 50;

/** Every object has these members, so that the whitelist of class-validator takes them for known. */
const INHERITED_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

const LONE_SURROGATE = /\p{Surrogate}/u;

/** One step of a JSON pointer, escaped. @see RFC 6901 §3 */
export function pointerStep(key: string): string {
  return `/${key.slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Names every string, and every key, that PostgreSQL or a UTF-8 encoder would choke on (NUL, an unpaired surrogate),
 * and a nesting that recursion would. It does not recurse itself.
 *
 * @param isSchema whether the value is read by a schema: then no name that every object inherits (`toString`, `constructor`) is known
 */
export function hostileTextIn(value: unknown, pointer: string, isSchema = false): ProblemIssue[] {
  const issues: ProblemIssue[] = [];
  const pending: { value: unknown; pointer: string; depth: number }[] = [{ value, pointer, depth: 0 }];
  for (let at = pending.pop(); at && issues.length < MAX_ISSUES; at = pending.pop()) {
    if (typeof at.value === 'string') {
      const detail = complaintAbout(at.value);
      if (detail) issues.push({ pointer: at.pointer, detail });
    } else if (typeof at.value === 'object' && at.value !== null && !ArrayBuffer.isView(at.value)) {
      if (at.depth >= MAX_DEPTH) {
        // The whole is named and not the place: its pointer would be as long as the nesting is deep.
        return [{ pointer, detail: `must not be nested deeper than ${MAX_DEPTH} levels` }];
      }
      for (const [key, child] of Object.entries(at.value)) {
        const childPointer = at.pointer + pointerStep(key);
        const detail = complaintAbout(key);
        if (detail) issues.push({ pointer: childPointer, detail: `its name ${detail}` });
        if (isSchema && INHERITED_NAMES.has(key))
          issues.push({ pointer: childPointer, detail: 'is not a known field' });
        pending.push({ value: child, pointer: childPointer, depth: at.depth + 1 });
      }
    }
  }
  return issues;
}

function complaintAbout(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain the NUL character';
  if (LONE_SURROGATE.test(text)) return 'must not contain an unpaired surrogate';
  return undefined;
}
