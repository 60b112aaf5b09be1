/** The issuer has answered without a token. The message has the status and the code of the error, and no secret. */
export class TokenRequestFailedError extends Error {
  constructor(
    message: string,
    /** `Retry-After` of the response, in seconds. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = new.target.name;
  }
}
