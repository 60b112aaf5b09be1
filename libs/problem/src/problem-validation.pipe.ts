import { Injectable, ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata, ValidationError, ValidationPipeOptions } from '@nestjs/common';
import { hostileTextIn, MAX_ISSUES, pointerStep } from './hostile-text.js';
import { misreadMembers, NO_CLASSES, validatedProperties } from './misread-members.js';
import { ValidationFailedError } from './problem.errors.js';
import type { ProblemIssue } from './problem.errors.js';

/** A package of the validator, or the promise of it, as Nest's own pipe takes it. */
type Loaded<P> = P | Promise<P>;
type ValidatorPackage = NonNullable<ValidationPipeOptions['validatorPackage']>;
type TransformerPackage = NonNullable<ValidationPipeOptions['transformerPackage']>;

/** Nest keeps the package for itself. Loaded once, by the first pipe. */
let validator: Promise<typeof import('class-validator')> | undefined;

/**
 * Rejects whatever the schema of a parameter does not name: unknown fields (also `toString` and other names that every object
 * inherits), wrong values, numbers that are not decimal (`0x10`, `1e1`), NUL characters and unpaired surrogates, each with a JSON pointer.
 *
 * `class-validator` and `class-transformer` are needed by the first parameter whose type is a class, and not before.
 *
 * @throws ValidationFailedError with `errors: [{ pointer, detail }]`
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
    if (metadata.type === 'custom') return super.transform(value, metadata);
    const pointer = metadata.data ? pointerStep(metadata.data) : '';
    const isSchema = metadata.metatype !== undefined && this.toValidate(metadata);
    assertNone(hostileTextIn(value, pointer, isSchema));
    if (metadata.type === 'body' && !metadata.data && isSchema) {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (value !== undefined && !isObject) assertNone([{ pointer: '', detail: 'must be an object' }]);
    }
    const made: unknown = await super.transform(value, metadata);
    const validated = isSchema ? validatedProperties((await validator!).getMetadataStorage()) : NO_CLASSES;
    assertNone(misreadMembers(value, made, pointer, validated));
    return made;
  }

  // Nest ends the process when a package is missing, at the construction of the pipe: a service whose routes
  // take no bodies needs neither.
  protected override loadValidator(given?: ValidatorPackage): Loaded<ValidatorPackage> {
    validator ??= whenUsed('class-validator', import('class-validator'));
    return given ?? validator;
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

/** @throws ValidationFailedError */
function assertNone(issues: readonly ProblemIssue[]): void {
  if (issues.length > 0) throw ValidationFailedError.of(issues);
}

/** Flattens the tree of class-validator's errors into pointers. */
function issuesOf(errors: readonly ValidationError[]): ProblemIssue[] {
  const issues: ProblemIssue[] = [];
  const pending = errors.map((error) => ({ error, parent: '' })).reverse();
  for (let at = pending.pop(); at && issues.length < MAX_ISSUES; at = pending.pop()) {
    const pointer = at.parent + pointerStep(at.error.property);
    for (const [constraint, message] of Object.entries(at.error.constraints ?? {})) {
      issues.push({ pointer, detail: constraint === 'whitelistValidation' ? 'is not a known field' : message });
    }
    for (const error of [...(at.error.children ?? [])].reverse()) pending.push({ error, parent: pointer });
  }
  return issues.slice(0, MAX_ISSUES);
}
