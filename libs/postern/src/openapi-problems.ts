import type { Type } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import {
  ImpersonationNotAllowedError,
  InsufficientScopeError,
  InvalidTokenError,
  PermissionMissingError,
  PolicyDeniedError,
  RevocationsUnknownError,
  RoleMissingError,
} from 'postern/auth';
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
import type { DescribedRoute, GuardRules } from './openapi-routes.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = Operation['responses'];

/** The errors of every route whose method may have a body, also if the route reads none. */
const BODY_ERRORS: readonly Type<AuthError>[] = [
  MalformedRequestError,
  RequestTimeoutError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
];

/** The error of an unreachable database. Routes without a body and a guard rarely use the database. */
const DATABASE_ERRORS: readonly Type<AuthError>[] = [ServiceUnavailableError];

/** The example field of a body without fields. */
const UNKNOWN_FIELD = 'nickname';
const issueOf = (field: string) => ({
  pointer: `/${field}`,
  detail: field === UNKNOWN_FIELD ? 'is not a known field' : 'must not contain the NUL character',
});

/** The headers that do not depend on the error. */
const COMMON_HEADERS = new Set(['Content-Type', 'Cache-Control']);

/** Returns the error responses of a route: one entry for each status, one example for each error. */
export function errorResponsesOf(
  route: DescribedRoute,
  method: string,
  operation: Operation,
  schemas: Schemas,
): Responses {
  const field = fieldOf(operation, schemas) ?? (operation.requestBody && UNKNOWN_FIELD);
  const isAddressed = (operation.parameters ?? []).some((parameter) => 'in' in parameter && parameter.in === 'path');
  const errors = [
    ...(method === 'get' ? [] : BODY_ERRORS),
    ...(isAddressed ? [MalformedRequestError] : []),
    ...(field === undefined ? [] : [ValidationFailedError.of([issueOf(field)])]),
    ...(route.guardedBy === undefined ? [] : [InvalidTokenError, RevocationsUnknownError]),
    ...(operation.requestBody === undefined && route.guardedBy === undefined ? [] : DATABASE_ERRORS),
    ...(route.guardedBy === undefined ? [] : rightsErrorsOf(route.guardedBy)),
    ...route.errors,
  ].map((error) => (error instanceof AuthError ? error : new error()));

  const byCode = new Map<string, AuthError>();
  for (const error of errors) if (!byCode.has(error.code)) byCode.set(error.code, error);
  const byStatus = new Map<number, AuthError[]>();
  for (const error of byCode.values()) {
    byStatus.set(error.status, [...(byStatus.get(error.status) ?? []), error]);
  }
  return Object.fromEntries([...byStatus].map(([status, some]) => [String(status), responseOf(some)]));
}

function rightsErrorsOf(rules: GuardRules): AuthError[] {
  const { scopes, roles, permissions, anyPermission, policies, isWithoutImpersonation } = rules;
  const [permission] = permissions.length > 0 ? [permissions.slice(0, 1)] : anyPermission;
  return [
    ...(isWithoutImpersonation ? [new ImpersonationNotAllowedError()] : []),
    ...(scopes.length > 0 ? [new InsufficientScopeError(scopes)] : []),
    ...roles.slice(0, 1).map((choice) => new RoleMissingError(choice)),
    ...(permission ? [new PermissionMissingError(permission)] : []),
    ...(policies.length > 0 ? [new PolicyDeniedError()] : []),
  ];
}

/** Returns a field of the body, the query or the path, for the example of an error that names a field. */
function fieldOf({ requestBody, parameters = [] }: Operation, schemas: Schemas): string | undefined {
  const schema = requestBody && 'content' in requestBody ? requestBody.content['application/json']?.schema : undefined;
  const target = schema && '$ref' in schema ? schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] : schema;
  const ofBody = target && 'properties' in target ? Object.keys(target.properties ?? {}) : [];
  const others = parameters.flatMap((parameter) =>
    'in' in parameter && (parameter.in === 'path' || parameter.in === 'query') ? [parameter.name] : [],
  );
  return [...ofBody, ...others][0];
}

function responseOf(errors: readonly AuthError[]): Responses[string] {
  const headers = errors
    .flatMap((error) => Object.entries(answerOf(error, { requestId: '' }).headers))
    .filter(([name]) => !COMMON_HEADERS.has(name));
  return {
    description: errors.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
    ...(headers.length > 0 && {
      headers: Object.fromEntries(headers.map(([name, example]) => [name, { schema: { type: 'string' }, example }])),
    }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          errors.map((error) => [error.code, { summary: error.title, value: problemOf(error) }]),
        ),
      },
    },
  };
}
