import { MAX_ISSUES, pointerStep } from './hostile-text.js';
import type { MetadataStorage } from 'class-validator';
import type { ProblemIssue } from './problem.errors.js';

/** A JSON number without an exponent. `Number` also accepts `0x10`, `1e1`, ` 7`, `007`, `+7` and an empty string. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** The names of the properties of a class that have validators; empty for a class without validators. */
export type ValidatedProperties = (type: object) => ReadonlySet<string>;

const NONE: ReadonlySet<string> = new Set();

/** For values without a class. */
export const NO_CLASSES: ValidatedProperties = () => NONE;

/** Reads the validators from class-validator. */
export function validatedProperties(storage: MetadataStorage): ValidatedProperties {
  return (type) => {
    const rules = storage.getTargetValidationMetadatas(type as () => unknown, '', false, false);
    return new Set(rules.map(({ propertyName }) => propertyName));
  };
}

/**
 * Finds members that class-transformer changed silently: strings that only JavaScript reads as a number, and members
 * that it drops or passes to a setter because the class has a method or an accessor of that name. The whitelist of
 * class-validator does not find them.
 *
 * @param written the value in the request
 * @param result the result of the transformer
 */
export function misreadMembers(
  written: unknown,
  result: unknown,
  pointer: string,
  validated: ValidatedProperties,
): ProblemIssue[] {
  if (isMisreadNumber(written, result)) return [{ pointer, detail: 'must be a decimal number' }];
  if (!isTree(written) || !isTree(result)) return [];
  const issues: ProblemIssue[] = [];
  for (const [name, value] of Object.entries(written)) {
    if (issues.length >= MAX_ISSUES) break;
    const at = pointer + pointerStep(name);
    if (Object.hasOwn(result, name)) {
      issues.push(...misreadMembers(value, (result as Record<string, unknown>)[name], at, validated));
    } else if (name in result && isUnknown(result, name, validated)) {
      issues.push({ pointer: at, detail: 'is not a known field' });
    }
  }
  return issues;
}

/** Finds conversions by `Number` and unary plus. A transformer of the application may convert strings in other ways. */
function isMisreadNumber(written: unknown, result: unknown): boolean {
  if (typeof result !== 'number' && typeof result !== 'bigint') return false;
  if (Number.isNaN(result)) return true;
  return typeof written === 'string' && Object.is(Number(written), Number(result)) && !DECIMAL.test(written);
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

/** A class without validators, such as the result of a `@Transform`, may have methods of any name. */
function isUnknown(result: object, name: string, validated: ValidatedProperties): boolean {
  const properties = validated(result.constructor);
  return properties.size > 0 && !properties.has(name);
}
