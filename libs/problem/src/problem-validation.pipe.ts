import { Injectable, ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata, ValidationError, ValidationPipeOptions } from '@nestjs/common';
import { hostileTextIn, MAXIMUM_ISSUES, pointerStep } from './hostile-text.js';
import { ValidationFailedError } from './problem.errors.js';
import type { ProblemIssue } from './problem.errors.js';

/** A package of the validator, or the promise of it, as Nest's own pipe takes it. */
type Loaded<P> = P | Promise<P>;
type ValidatorPackage = NonNullable<ValidationPipeOptions['validatorPackage']>;
type TransformerPackage = NonNullable<ValidationPipeOptions['transformerPackage']>;

/**
 * Lets only what its schema names into a handler: unknown fields, wrong values, NUL characters and unpaired surrogates
 * are refused, each with a JSON pointer.
 *
 * `class-validator` and `class-transformer` are needed by the first parameter whose type is a class, and not before.
 *
 * @throws {ValidationFailedError} with `errors: [{ pointer, detail }]`
 * @see RFC 6901
 */
@Injectable()
export class ProblemValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      exceptionFactory: (errors) => ValidationFailedError.of(issuesOf(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // What a decorator of our own hands over was not written by the caller.
    if (metadata.type !== 'custom') {
      const issues = hostileTextIn(value, metadata.data ? pointerStep(metadata.data) : '');
      if (issues.length > 0) throw ValidationFailedError.of(issues);
      if (metadata.type === 'body' && !metadata.data && metadata.metatype && this.toValidate(metadata)) {
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        if (value !== undefined && !isObject) {
          throw ValidationFailedError.of([{ pointer: '', detail: 'must be an object' }]);
        }
      }
    }
    return super.transform(value, metadata);
  }

  // Nest ends the process when a package is missing, at the construction of the pipe: a service whose routes
  // take no bodies needs neither.
  protected override loadValidator(given?: ValidatorPackage): Loaded<ValidatorPackage> {
    return given ?? whenUsed('class-validator', import('class-validator'));
  }

  protected override loadTransformer(given?: TransformerPackage): Loaded<TransformerPackage> {
    return given ?? whenUsed('class-transformer', import('class-transformer'));
  }
}

function whenUsed<P>(name: string, loading: Promise<P>): Promise<P> {
  const loaded = loading.catch((cause: unknown) => {
    throw new Error(`A route takes a class as its body, and ${name} is not installed: npm install ${name}`, { cause });
  });
  loaded.catch(() => undefined);
  return loaded;
}

/** Flattens the tree of class-validator's errors into pointers. */
function issuesOf(errors: readonly ValidationError[]): ProblemIssue[] {
  const issues: ProblemIssue[] = [];
  const pending = errors.map((error) => ({ error, parent: '' })).reverse();
  for (let at = pending.pop(); at && issues.length < MAXIMUM_ISSUES; at = pending.pop()) {
    const pointer = at.parent + pointerStep(at.error.property);
    for (const [constraint, message] of Object.entries(at.error.constraints ?? {})) {
      issues.push({ pointer, detail: constraint === 'whitelistValidation' ? 'is not a known field' : message });
    }
    for (const error of [...(at.error.children ?? [])].reverse()) pending.push({ error, parent: pointer });
  }
  return issues.slice(0, MAXIMUM_ISSUES);
}
