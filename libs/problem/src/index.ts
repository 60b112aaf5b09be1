export { AuthError } from './auth-error.js';
export type { AuthErrorOptions } from './auth-error.js';
export {
  InternalError,
  MalformedRequestError,
  NotFoundError,
  PayloadTooLargeError,
  RequestTimeoutError,
  ServiceUnavailableError,
  UnsupportedMediaTypeError,
  ValidationFailedError,
} from './problem.errors.js';
export type { ProblemErrorCode, ProblemIssue } from './problem.errors.js';
export { keepErrorHeaders } from './answers/error-headers.js';
export { replaceGlobalEnhancers } from './answers/global-enhancers.js';
export { setting } from './settings/setting.js';
export { settings } from './settings/settings.js';
export type { DeclaredSettings, SettingsDeclaration } from './settings/settings.js';
export { missingSettings } from './settings/missing-settings.js';
export { assertSamePackage, FromThisPackage } from './package-instance.js';
export { SingleFlight } from './concurrency/single-flight.js';
export { problemSchema } from './problem.js';
export type { Problem } from './problem.js';
export { answerOf, problemOf } from './problem-of.js';
export type { ProblemAnswer, ProblemContext } from './problem-of.js';
export { ProblemFilter } from './problem.filter.js';
export { ProblemModule } from './problem.module.js';
export type { ProblemSettings } from './problem.module-definition.js';
export { ProblemValidationPipe } from './problem-validation.pipe.js';
export { AuthErrorFilter } from './auth-error.filter.js';
export { problemsOf, ApiProblems } from './api-problems.decorator.js';
export { rememberRequestId, requestIdOf } from './request-id.js';
