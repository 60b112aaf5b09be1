import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { AuthError } from '../auth-error.js';
import { replaceGlobalEnhancers } from './global-enhancers.js';
import { writable } from '../problem-of.js';
import { hasHeader } from './response-headers.js';

/** The response of Express or Fastify. Both have this method. */
interface FrameworkResponse {
  header(name: string, value: string): unknown;
  readonly headersSent?: boolean;
}

/**
 * Sets the headers of an `AuthError`, such as `WWW-Authenticate` and `Retry-After`, before a global filter of the
 * application answers it. Nest's filters send a status and a body only. Call it before Nest registers the routes.
 */
export function keepErrorHeaders(application: ApplicationConfig): void {
  replaceGlobalEnhancers(application.getGlobalFilters(), application.getGlobalRequestFilters(), withErrorHeaders);
}

function withErrorHeaders(filter: ExceptionFilter): ExceptionFilter {
  const answer = filter.catch.bind(filter);
  return Object.create(filter, {
    catch: {
      value: (thrown: unknown, host: ArgumentsHost): unknown => {
        if (thrown instanceof AuthError && thrown.headers && host.getType() === 'http') {
          setHeaders(host.getArgByIndex(1), thrown.headers);
        }
        return answer(thrown, host);
      },
    },
  }) as ExceptionFilter;
}

function setHeaders(response: Partial<FrameworkResponse>, headers: Readonly<Record<string, string>>): void {
  if (response.headersSent === true || typeof response.header !== 'function') return;
  for (const [name, value] of Object.entries(writable(headers))) {
    if (!hasHeader(response, name)) response.header(name, value);
  }
}
