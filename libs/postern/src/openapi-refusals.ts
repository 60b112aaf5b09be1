import type { Type } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { InsufficientScopeError, InvalidTokenError, RevocationsUnknownError } from 'postern/auth';
import {
  type AuthError,
  MalformedRequestError,
  PayloadTooLargeError,
  problemOf,
  ServiceUnavailableError,
  UnsupportedMediaTypeError,
  ValidationFailedError,
} from 'postern/problem';
import type { DescribedRoute } from './openapi-routes.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = Operation['responses'];

/** What any route refuses that reads a body. */
const BODY_REFUSALS: readonly Type<AuthError>[] = [
  MalformedRequestError,
  ValidationFailedError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
];

/** What a route refuses as long as its database cannot be reached; without a body and a guard, hardly one asks it. */
const DATABASE_REFUSALS: readonly Type<AuthError>[] = [ServiceUnavailableError];

/** The responses of a route's refusals: one entry a status, one example an error, each with its `code`. */
export function refusalResponsesOf(route: DescribedRoute, operation: Operation): Responses {
  const classes = new Set<Type<AuthError>>([
    ...(operation.requestBody === undefined ? [] : BODY_REFUSALS),
    ...((operation.parameters ?? []).length === 0 ? [] : [ValidationFailedError]),
    ...(route.guardedBy === undefined ? [] : [InvalidTokenError, RevocationsUnknownError]),
    ...(operation.requestBody === undefined && route.guardedBy === undefined ? [] : DATABASE_REFUSALS),
    ...(route.guardedBy?.scopes.length ? [InsufficientScopeError] : []),
    ...route.refusals,
  ]);
  const byStatus = new Map<number, AuthError[]>();
  for (const refusal of [...classes].map((type) => new type())) {
    byStatus.set(refusal.status, [...(byStatus.get(refusal.status) ?? []), refusal]);
  }
  return Object.fromEntries([...byStatus].map(([status, refusals]) => [String(status), responseOf(refusals)]));
}

function responseOf(refusals: readonly AuthError[]): Responses[string] {
  const headers = new Set(refusals.flatMap((refusal) => Object.keys(refusal.headers ?? {})));
  return {
    description: refusals.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
    ...(headers.size > 0 && {
      headers: Object.fromEntries([...headers].map((name) => [name, { schema: { type: 'string' } }])),
    }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          refusals.map((refusal) => [refusal.code, { summary: refusal.title, value: problemOf(refusal) }]),
        ),
      },
    },
  };
}
