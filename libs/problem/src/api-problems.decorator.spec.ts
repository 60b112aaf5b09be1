import 'reflect-metadata';
import { InternalError, NotFoundError, ValidationFailedError } from './problem.errors.js';
import { problemsOf, ApiProblems } from './api-problems.decorator.js';

@ApiProblems(InternalError)
class OrdersController {
  @ApiProblems(NotFoundError)
  @ApiProblems(ValidationFailedError, NotFoundError)
  find(this: void) {
    return [];
  }

  list(this: void) {
    return [];
  }
}

describe('ApiProblems', () => {
  it('problemsOf returns the errors of the controller and of the route without duplicates', () => {
    expect(problemsOf(OrdersController, OrdersController.prototype.find)).toEqual([
      InternalError,
      ValidationFailedError,
      NotFoundError,
    ]);
    expect(problemsOf(OrdersController, OrdersController.prototype.list)).toEqual([InternalError]);
    expect(problemsOf(NotFoundError)).toEqual([]);
  });
});
