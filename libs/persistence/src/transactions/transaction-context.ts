import { AsyncLocalStorage } from 'node:async_hooks';

const registry = new FinalizationRegistry<TransactionContext<object>>((context) => context.deactivate());

/**
 * The current transaction, in `AsyncLocalStorage`. Before Node 24, an enabled storage slows every promise down, so it
 * is enabled only between `activate` and `deactivate`.
 */
export class TransactionContext<T extends object> {
  private readonly storage = new AsyncLocalStorage<T | undefined>();
  private open = 0;

  /** The current value; undefined outside. */
  get current(): T | undefined {
    return this.storage.getStore();
  }

  /** Enables the storage. It is disabled after the same number of `deactivate` calls. */
  activate(): void {
    this.open += 1;
  }

  deactivate(): void {
    this.open -= 1;
    if (this.open === 0) this.storage.disable();
  }

  /** Calls `deactivate` when the value is garbage-collected, that is, when no timer or promise can reach it. */
  releaseWhenCollected(value: T): void {
    registry.register(value, this);
  }

  inside<R>(value: T, work: () => R): R {
    return this.storage.run(value, work);
  }

  outside<R>(work: () => R): R {
    return this.storage.run(undefined, work);
  }
}
