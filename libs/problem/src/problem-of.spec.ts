import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { AuthError } from './auth-error.js';
import { InternalError, ServiceUnavailableError, ValidationFailedError } from './problem.errors.js';
import { answerOf } from './problem-of.js';

class SeatTakenError extends AuthError {
  readonly code = 'seat-taken';
  readonly status = 409;
  readonly title = 'The seat is taken.';
}

const context = { requestId: 'r-12345678' };

describe('AuthError', () => {
  it('AuthError has its title as the message unless it has a detail', () => {
    expect(new SeatTakenError().message).toBe('The seat is taken.');
    expect(new SeatTakenError('Seat 12.').message).toBe('Seat 12.');
    expect(new SeatTakenError().name).toBe('SeatTakenError');
  });

  it('AuthError keeps its cause', () => {
    const cause = new Error('private');
    expect(new SeatTakenError(undefined, { cause }).cause).toBe(cause);
    expect('cause' in new SeatTakenError()).toBe(false);
  });
});

describe('answerOf', () => {
  it('answerOf returns the code, the title and the extensions of an AuthError', () => {
    const error = new SeatTakenError('Seat 12.', { extensions: { seat: 12 }, headers: { 'X-Seat': '12' } });
    expect(answerOf(error, context)).toEqual({
      status: 409,
      headers: { 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json', 'X-Seat': '12' },
      body: {
        type: 'about:blank',
        title: 'The seat is taken.',
        status: 409,
        detail: 'Seat 12.',
        instance: 'urn:request:r-12345678',
        code: 'seat-taken',
        seat: 12,
      },
    });
  });

  it('answerOf does not allow an extension to replace a standard member', () => {
    const error = new SeatTakenError(undefined, { extensions: { code: 'other', status: 200, instance: 'x' } });
    expect(answerOf(error, context).body).toMatchObject({
      code: 'seat-taken',
      status: 409,
      instance: 'urn:request:r-12345678',
    });
  });

  it('answerOf sets `type` to a URL of the documentation if one is configured', () => {
    const { body } = answerOf(new SeatTakenError(), { ...context, documentation: 'https://example.com/problems/' });
    expect(body.type).toBe('https://example.com/problems/seat-taken');
  });

  it('answerOf hides the text of any other error', () => {
    for (const thrown of [new Error('secret'), 'secret', undefined, { status: 418, message: 'secret' }]) {
      expect(answerOf(thrown, context).body).toMatchObject({ status: 500, code: 'internal-error' });
      expect(JSON.stringify(answerOf(thrown, context))).not.toContain('secret');
    }
  });

  it('answerOf returns 503 for a transient error or cause, and hides its text', () => {
    const lost = Object.assign(new Error('secret'), { isTransient: true });
    for (const thrown of [lost, new Error('secret', { cause: lost })]) {
      const { status, headers, body } = answerOf(thrown, context);
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'service-unavailable' });
      expect(headers).toMatchObject({ 'Retry-After': '1' });
      expect(JSON.stringify(body)).not.toContain('secret');
    }
    expect(answerOf(new SeatTakenError(undefined, { cause: lost }), context).status).toBe(409);
    expect(answerOf({ isTransient: true }, context).status).toBe(500);
  });

  it.each([
    [new NotFoundException('Cannot GET /secret?token=1'), 404, 'not-found', undefined],
    [new NotFoundException('Cannot M-SEARCH /secret?token=1'), 404, 'not-found', undefined],
    [
      Object.assign(new Error('aborted'), { code: 'ECONNRESET' }),
      400,
      'malformed-request',
      'The request body is incomplete.',
    ],
    [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 500, 'internal-error', undefined],
    [new NotFoundException('No such order.'), 404, 'not-found', 'No such order.'],
    [new ForbiddenException(), 403, 'forbidden', undefined],
    [new HttpException('Slow down.', 429), 429, 'too-many-requests', 'Slow down.'],
    [new BadRequestException(['a', 'b']), 400, 'malformed-request', 'a; b'],
    [
      new BadRequestException('Unexpected token, "hunter2"', { cause: new Error() }),
      400,
      'malformed-request',
      undefined,
    ],
    [new ServiceUnavailableException({ details: 'db1 is down' }), 503, 'service-unavailable', undefined],
    [new HttpException('nonsense', 200), 500, 'internal-error', undefined],
  ])('answerOf translates %s of Nest', (exception, status, code, detail) => {
    const { body } = answerOf(exception, context);
    expect({ status: body.status, code: body.code, detail: body.detail }).toEqual({ status, code, detail });
  });

  it('answerOf adds the headers that a status requires, and keeps those of the error', () => {
    expect(answerOf(new UnauthorizedException(), context).headers).toMatchObject({ 'WWW-Authenticate': 'Bearer' });
    expect(answerOf(new HttpException('', 429), context).headers).toMatchObject({ 'Retry-After': '1' });
    const busy = new ServiceUnavailableError(undefined, { headers: { 'Retry-After': '7' } });
    expect(answerOf(busy, context).headers).toMatchObject({ 'Retry-After': '7' });
  });

  it('answerOf replaces header characters that Node rejects', () => {
    const error = new InternalError(undefined, { headers: { 'X-Name': 'a\r\nSet-Cookie: b\u{1f600}' } });
    expect(answerOf(error, context).headers['X-Name']).toBe('a??Set-Cookie: b??');
  });

  it('answerOf returns the issues of a failed validation', () => {
    const errors = [{ pointer: '/a', detail: 'is wrong' }];
    expect(answerOf(ValidationFailedError.of(errors), context).body).toMatchObject({
      code: 'validation-failed',
      errors,
    });
  });
});
