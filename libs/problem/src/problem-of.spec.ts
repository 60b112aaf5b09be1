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
  it('speaks its title until it is given a detail', () => {
    expect(new SeatTakenError().message).toBe('The seat is taken.');
    expect(new SeatTakenError('Seat 12.').message).toBe('Seat 12.');
    expect(new SeatTakenError().name).toBe('SeatTakenError');
  });

  it('keeps its cause', () => {
    const cause = new Error('private');
    expect(new SeatTakenError(undefined, { cause }).cause).toBe(cause);
    expect('cause' in new SeatTakenError()).toBe(false);
  });
});

describe('answerOf', () => {
  it('answers an error of ours with its code, its title and its extensions', () => {
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

  it('lets no extension replace a member of the document', () => {
    const error = new SeatTakenError(undefined, { extensions: { code: 'other', status: 200, instance: 'x' } });
    expect(answerOf(error, context).body).toMatchObject({
      code: 'seat-taken',
      status: 409,
      instance: 'urn:request:r-12345678',
    });
  });

  it('points at the documentation where there is one', () => {
    const { body } = answerOf(new SeatTakenError(), { ...context, documentation: 'https://example.com/problems/' });
    expect(body.type).toBe('https://example.com/problems/seat-taken');
  });

  it('says nothing about an error that is not ours', () => {
    for (const thrown of [new Error('secret'), 'secret', undefined, { status: 418, message: 'secret' }]) {
      expect(answerOf(thrown, context).body).toMatchObject({ status: 500, code: 'internal-error' });
      expect(JSON.stringify(answerOf(thrown, context))).not.toContain('secret');
    }
  });

  it('answers what says that it passes, itself or by a cause, as not available, and still says nothing about it', () => {
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
    [Object.assign(new Error('aborted'), { code: 'ECONNRESET' }), 400, 'malformed-request', 'The body broke off.'],
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
  ])('translates %s of Nest', (exception, status, code, detail) => {
    const { body } = answerOf(exception, context);
    expect({ status: body.status, code: body.code, detail: body.detail }).toEqual({ status, code, detail });
  });

  it('adds the headers that a status demands, and keeps the ones that were given', () => {
    expect(answerOf(new UnauthorizedException(), context).headers).toMatchObject({ 'WWW-Authenticate': 'Bearer' });
    expect(answerOf(new HttpException('', 429), context).headers).toMatchObject({ 'Retry-After': '1' });
    const busy = new ServiceUnavailableError(undefined, { headers: { 'Retry-After': '7' } });
    expect(answerOf(busy, context).headers).toMatchObject({ 'Retry-After': '7' });
  });

  it('writes no header that would break the response', () => {
    const error = new InternalError(undefined, { headers: { 'X-Name': 'a\r\nSet-Cookie: b\u{1f600}' } });
    expect(answerOf(error, context).headers['X-Name']).toBe('a??Set-Cookie: b??');
  });

  it('names the issues of a validation', () => {
    const errors = [{ pointer: '/a', detail: 'is wrong' }];
    expect(answerOf(ValidationFailedError.of(errors), context).body).toMatchObject({
      code: 'validation-failed',
      errors,
    });
  });
});
