import { Logger } from '@nestjs/common';

const logger = new Logger('Timed');

/** Logs how long a method takes. It replaces the method and knows nothing of the other decorators, as most such decorators do. */
export const Timed =
  () =>
  (_target: object, name: string | symbol, descriptor: PropertyDescriptor): void => {
    const original = descriptor.value as (...args: unknown[]) => unknown;
    descriptor.value = async function timed(...args: unknown[]) {
      const start = performance.now();
      try {
        return await original.apply(this, args);
      } finally {
        logger.debug(`${String(name)} took ${Math.round(performance.now() - start)} ms`);
      }
    };
  };
