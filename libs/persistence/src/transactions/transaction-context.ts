import { AsyncLocalStorage } from 'node:async_hooks';

const registry = new FinalizationRegistry<TransactionContext<object>>((ambient) => ambient.deactivate());

/**
 * What everybody finds who works inside, however deep. Before Node 24 a storage in use is a burden on every promise of
 * the process, a sixth of what a login computes beside its hash: so this one is in use only between `enter` and
 * `close`.
 */
export class TransactionContext<T extends object> {
  private readonly storage = new AsyncLocalStorage<T | undefined>();
  private open = 0;

  /** What is found here; undefined outside. */
  get current(): T | undefined {
    return this.storage.getStore();
  }

  /** Before anybody works inside. Nobody finds anything once it was closed as often as it was entered. */
  activate(): void {
    this.open += 1;
  }

  deactivate(): void {
    this.open -= 1;
    if (this.open === 0) this.storage.disable();
  }

  /**
   * Closes it when nothing is left that could still find the object, be it a timer: whatever could keeps it from being
   * collected.
   */
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
