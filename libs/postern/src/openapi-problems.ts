import type { Type } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { InsufficientScopeError, InvalidTokenError, RevocationsUnknownError } from 'postern/auth';
import {
  answerOf,
  AuthError,
  MalformedRequestError,
  PayloadTooLargeError,
  problemOf,
  RequestTimeoutError,
  ServiceUnavailableError,
  UnsupportedMediaTypeError,
  ValidationFailedError,
} from 'postern/problem';
import type { DescribedRoute } from './openapi-routes.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = Operation['responses'];

/** What any route refuses whose method may bring a body, whether or not the route asks for one. */
const BODY_REFUSALS: readonly Type<AuthError>[] = [
  MalformedRequestError,
  RequestTimeoutError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
];

/** What a route refuses as long as its database cannot be reached; without a body and a guard, hardly one asks it. */
const DATABASE_REFUSALS: readonly Type<AuthError>[] = [ServiceUnavailableError];

/** What a body without fields is refused for. */
const UNKNOWN_FIELD = 'nickname';
const issueOf = (field: string) => ({
  pointer: `/${field}`,
  detail: field === UNKNOWN_FIELD ? 'is not a known field' : 'must not contain the NUL character',
});

/** What answers carry that is no matter of the refusal. */
const COMMON_HEADERS = new Set(['Content-Type', 'Cache-Control']);

/** The responses of a route's refusals: one entry a status, one example an error, each with its `code`. */
export function refusalResponsesOf(
  route: DescribedRoute,
  method: string,
  operation: Operation,
  schemas: Schemas,
): Responses {
  const field = fieldOf(operation, schemas) ?? (operation.requestBody && UNKNOWN_FIELD);
  const isAddressed = (operation.parameters ?? []).some((parameter) => 'in' in parameter && parameter.in === 'path');
  const scopes = route.guardedBy?.scopes ?? [];
  const refusals = [
    ...(method === 'get' ? [] : BODY_REFUSALS),
    ...(isAddressed ? [MalformedRequestError] : []),
    ...(field === undefined ? [] : [ValidationFailedError.of([issueOf(field)])]),
    ...(route.guardedBy === undefined ? [] : [InvalidTokenError, RevocationsUnknownError]),
    ...(operation.requestBody === undefined && route.guardedBy === undefined ? [] : DATABASE_REFUSALS),
    ...(scopes.length === 0 ? [] : [new InsufficientScopeError(scopes)]),
    ...route.refusals,
  ].map((refusal) => (refusal instanceof AuthError ? refusal : new refusal()));

  const byCode = new Map<string, AuthError>();
  for (const refusal of refusals) if (!byCode.has(refusal.code)) byCode.set(refusal.code, refusal);
  const byStatus = new Map<number, AuthError[]>();
  for (const refusal of byCode.values()) {
    byStatus.set(refusal.status, [...(byStatus.get(refusal.status) ?? []), refusal]);
  }
  return Object.fromEntries([...byStatus].map(([status, some]) => [String(status), responseOf(some)]));
}

/** A field of the request, for the example of a refusal that names one: of the body, else of the query or the path. */
function fieldOf({ requestBody, parameters = [] }: Operation, schemas: Schemas): string | undefined {
  const schema = requestBody && 'content' in requestBody ? requestBody.content['application/json']?.schema : undefined;
  const target = schema && '$ref' in schema ? schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] : schema;
  const ofBody = target && 'properties' in target ? Object.keys(target.properties ?? {}) : [];
  const others = parameters.flatMap((one) =>
    'in' in one && (one.in === 'path' || one.in === 'query') ? [one.name] : [],
  );
  return [...ofBody, ...others][0];
}

function responseOf(refusals: readonly AuthError[]): Responses[string] {
  const headers = refusals
    .flatMap((refusal) => Object.entries(answerOf(refusal, { requestId: '' }).headers))
    .filter(([name]) => !COMMON_HEADERS.has(name));
  return {
    description: refusals.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
    ...(headers.length > 0 && {
      headers: Object.fromEntries(headers.map(([name, example]) => [name, { schema: { type: 'string' }, example }])),
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
