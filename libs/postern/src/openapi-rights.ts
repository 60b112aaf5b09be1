import type { OpenAPIObject } from '@nestjs/swagger';
import type { RequiredRights } from 'postern/auth';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/**
 * Adds the rights that the guard requires to the description of the operation, because Swagger UI shows a padlock and
 * no scopes, and to `x-permissions`, `x-roles` and `x-policies`, for programs.
 */
export function describeRights(operation: Operation, rights: RequiredRights & { readonly isOptional: boolean }): void {
  const { scopes, permissions, anyPermission, roles, policies, isOptional } = rights;
  const verb = isOptional ? 'A token requires' : 'Requires';
  const choices = [...permissions.map((permission) => [permission]), ...anyPermission];
  const sentences = [
    ...(scopes.length > 0 ? [`${verb} the scope ${listOf(scopes, 'and')}.`] : []),
    ...roles.map((choice) => `${verb} the role ${listOf(choice, 'or')}.`),
    ...(permissions.length > 0 ? [`${verb} the permission ${listOf(permissions, 'and')}.`] : []),
    ...anyPermission.map((choice) => `${verb} the permission ${listOf(choice, 'or')}.`),
    ...(policies.length > 0
      ? [
          `The policy ${listOf(
            policies.map(({ name }) => name),
            'and',
          )} must allow the request.`,
        ]
      : []),
  ];
  if (sentences.length > 0) operation.description = `${operation.description ?? ''}\n\n${sentences.join(' ')}`.trim();
  Object.assign(operation, {
    ...(choices.length > 0 && {
      'x-permissions': choices.map((choice) => (choice.length === 1 ? choice[0] : { anyOf: choice })),
    }),
    ...(roles.length > 0 && { 'x-roles': roles.map((choice) => ({ anyOf: choice })) }),
    ...(policies.length > 0 && { 'x-policies': policies.map(({ name }) => name) }),
  });
}

function listOf(names: readonly string[], conjunction: 'and' | 'or'): string {
  return names.map((name) => `\`${name}\``).join(` ${conjunction} `);
}
