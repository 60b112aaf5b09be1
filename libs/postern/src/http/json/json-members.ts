import { endOfJsonString, hasMembers } from 'postern/jws';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Bounds the pointer of a deeply nested body. */
const MAX_POINTER_STEPS = 32;

/** A forbidden member and its pointer. */
export interface ForbiddenMember {
  readonly kind: 'repeated' | 'prototype';
  /** @see RFC 6901 */
  readonly pointer: string;
}

/**
 * Finds the first member that repeats a name in its object, or that could replace a prototype (`__proto__`,
 * `constructor.prototype`), at any depth and in any spelling. Counting the members is enough for nearly every text.
 *
 * @param text the source of `value`
 * @see RFC 8259 §4: parsers disagree about repeated names
 */
export function forbiddenMember(text: string, value: unknown): ForbiddenMember | undefined {
  const isSuspect = /__proto__|constructor|\\u/.test(text) || !hasMembers(text, countMembers(value));
  return isSuspect ? findForbiddenMember(text) : undefined;
}

/** Uses no recursion, because each byte of a body may open a level. */
function countMembers(value: unknown): number {
  const pending: unknown[] = [value];
  let members = 0;
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null) continue;
    const children: unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (children !== next) members += children.length;
    for (const child of children) if (typeof child === 'object' && child !== null) pending.push(child);
  }
  return members;
}

/** An open object or array, and the current name or index. */
interface Level {
  readonly names: Set<string> | undefined;
  step: string | number;
}

/** Requires valid JSON. */
function findForbiddenMember(text: string): ForbiddenMember | undefined {
  const open: Level[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === OPEN_BRACE) open.push({ names: new Set(), step: '' });
    else if (character === OPEN_BRACKET) open.push({ names: undefined, step: 0 });
    else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) open.pop();
    else if (character === COMMA) toNextItem(open.at(-1)!);
    else if (character === QUOTE) {
      const start = at;
      at = endOfJsonString(text, start);
      const level = open.at(-1);
      if (level?.names === undefined || !isColonNext(text, at + 1)) continue;
      const name = JSON.parse(text.slice(start, at + 1)) as string;
      level.step = name;
      if (level.names.has(name)) return { kind: 'repeated', pointer: pointerTo(open) };
      level.names.add(name);
      const isPrototype = name === 'prototype' && open.at(-2)?.step === 'constructor';
      if (isPrototype || name === '__proto__') return { kind: 'prototype', pointer: pointerTo(open) };
    }
  }
  return undefined;
}

function toNextItem(level: Level): void {
  if (typeof level.step === 'number') level.step += 1;
}

function isColonNext(text: string, from: number): boolean {
  let at = from;
  // In valid JSON, only white space is at or below the space here.
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return text.charCodeAt(at) === COLON;
}

function pointerTo(open: readonly Level[]): string {
  const steps = open.slice(0, MAX_POINTER_STEPS).map(({ step }) => String(step).slice(0, 128));
  return steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
