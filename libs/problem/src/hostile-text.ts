import type { ProblemIssue } from './problem.errors.js';

/** The maximum nesting of the arrays and objects of a request. */
export const MAX_DEPTH = 32;
/** The maximum number of issues in a response, which must not grow faster than the request. */
export const MAX_ISSUES = 50;

/** Each object inherits these names, so the whitelist of class-validator accepts them. */
const INHERITED_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

const LONE_SURROGATE = /\p{Surrogate}/u;

/** An escaped step of a JSON pointer. @see RFC 6901 §3 */
export function pointerStep(key: string): string {
  return `/${key.slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Finds strings and keys that PostgreSQL or a UTF-8 encoder rejects (NUL, an unpaired surrogate), and too deep nesting.
 * It does not use recursion.
 *
 * @param isSchema whether a class describes the value: then names that each object inherits (`toString`) are unknown
 */
export function hostileTextIn(value: unknown, pointer: string, isSchema = false): ProblemIssue[] {
  const issues: ProblemIssue[] = [];
  const pending: { value: unknown; pointer: string; depth: number }[] = [{ value, pointer, depth: 0 }];
  for (let at = pending.pop(); at && issues.length < MAX_ISSUES; at = pending.pop()) {
    if (typeof at.value === 'string') {
      const detail = issueOf(at.value);
      if (detail) issues.push({ pointer: at.pointer, detail });
    } else if (typeof at.value === 'object' && at.value !== null && !ArrayBuffer.isView(at.value)) {
      if (at.depth >= MAX_DEPTH) {
        // Report the root: the pointer of the exact location would be as long as the nesting is deep.
        return [{ pointer, detail: `must not be nested deeper than ${MAX_DEPTH} levels` }];
      }
      for (const [key, child] of Object.entries(at.value)) {
        const childPointer = at.pointer + pointerStep(key);
        const detail = issueOf(key);
        if (detail) issues.push({ pointer: childPointer, detail: `its name ${detail}` });
        if (isSchema && INHERITED_NAMES.has(key))
          issues.push({ pointer: childPointer, detail: 'is not a known field' });
        pending.push({ value: child, pointer: childPointer, depth: at.depth + 1 });
      }
    }
  }
  return issues;
}

function issueOf(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain the NUL character';
  if (LONE_SURROGATE.test(text)) return 'must not contain an unpaired surrogate';
  return undefined;
}
