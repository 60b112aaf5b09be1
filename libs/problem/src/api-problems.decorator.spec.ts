import 'reflect-metadata';
import { InternalError, NotFoundError, ValidationFailedError } from './problem.errors.js';
import { refusalsOf, Refuses } from './api-problems.decorator.js';

@Refuses(InternalError)
class OrdersController {
  @Refuses(NotFoundError)
  @Refuses(ValidationFailedError, NotFoundError)
  find(this: void) {
    return [];
  }

  list(this: void) {
    return [];
  }
}

describe('Refuses', () => {
  it('tells the errors of the controller and of the route, each once', () => {
    expect(refusalsOf(OrdersController, OrdersController.prototype.find)).toEqual([
      InternalError,
      ValidationFailedError,
      NotFoundError,
    ]);
    expect(refusalsOf(OrdersController, OrdersController.prototype.list)).toEqual([InternalError]);
    expect(refusalsOf(NotFoundError)).toEqual([]);
  });
});
