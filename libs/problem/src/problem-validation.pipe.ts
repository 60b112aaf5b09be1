import { Injectable, ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata, ValidationError, ValidationPipeOptions } from '@nestjs/common';
import { hostileTextIn, MAX_ISSUES, pointerStep } from './hostile-text.js';
import { misreadMembers, NO_CLASSES, validatedProperties } from './misread-members.js';
import { ValidationFailedError } from './problem.errors.js';
import type { ProblemIssue } from './problem.errors.js';

/** A validator package or its promise, as Nest's pipe accepts it. */
type Loaded<P> = P | Promise<P>;
type ValidatorPackage = NonNullable<ValidationPipeOptions['validatorPackage']>;
type TransformerPackage = NonNullable<ValidationPipeOptions['transformerPackage']>;

/** Nest's pipe keeps its package private. The first pipe loads it for all. */
let validator: Promise<typeof import('class-validator')> | undefined;

/**
 * Rejects unknown fields (also `toString` and other names that each object inherits), invalid values, numbers that are
 * not decimal (`0x10`, `1e1`), NUL characters and unpaired surrogates, each with a JSON pointer.
 *
 * The first parameter whose type is a class needs `class-validator` and `class-transformer`.
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
    // The value of a custom decorator does not come from the client.
    if (metadata.type === 'custom') return super.transform(value, metadata);
    const pointer = metadata.data ? pointerStep(metadata.data) : '';
    const isSchema = metadata.metatype !== undefined && this.toValidate(metadata);
    assertNone(hostileTextIn(value, pointer, isSchema));
    if (metadata.type === 'body' && !metadata.data && isSchema) {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (value !== undefined && !isObject) assertNone([{ pointer: '', detail: 'must be an object' }]);
    }
    const result: unknown = await super.transform(value, metadata);
    const validated = isSchema ? validatedProperties((await validator!).getMetadataStorage()) : NO_CLASSES;
    assertNone(misreadMembers(value, result, pointer, validated));
    return result;
  }

  // Nest exits the process in the constructor of the pipe if a package is missing. A service without request bodies
  // needs neither package.
  protected override loadValidator(configured?: ValidatorPackage): Loaded<ValidatorPackage> {
    validator ??= whenUsed('class-validator', import('class-validator'));
    return configured ?? validator;
  }

  protected override loadTransformer(configured?: TransformerPackage): Loaded<TransformerPackage> {
    return configured ?? whenUsed('class-transformer', import('class-transformer'));
  }
}

function whenUsed<P>(name: string, loading: Promise<P>): Promise<P> {
  const loaded = loading.catch((cause: unknown) => {
    throw new Error(`A route needs ${name} to validate its parameters: npm install ${name}`, { cause });
  });
  loaded.catch(() => undefined);
  return loaded;
}

/** @throws ValidationFailedError */
function assertNone(issues: readonly ProblemIssue[]): void {
  if (issues.length > 0) throw ValidationFailedError.of(issues);
}

/** Flattens the error tree of class-validator into issues with pointers. */
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
