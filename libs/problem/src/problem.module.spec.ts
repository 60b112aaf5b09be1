import { Test } from '@nestjs/testing';
import { ProblemModule } from './problem.module.js';
import type { ProblemSettings } from './problem.module-definition.js';

/** Bypasses the compiler. */
const unchecked = (settings: object) => settings as ProblemSettings;

describe('ProblemModule', () => {
  it.each<[string, (settings: ProblemSettings) => ReturnType<typeof ProblemModule.forRoot>]>([
    ['forRoot', (settings) => ProblemModule.forRoot(settings)],
    ['forRootAsync', (settings) => ProblemModule.forRootAsync({ useFactory: () => settings })],
  ])('ProblemModule.%s rejects an unknown setting', async (_, moduleOf) => {
    const started = (settings: object) =>
      Test.createTestingModule({ imports: [moduleOf(unchecked(settings))] }).compile();
    await expect(started({ docs: 'https://example.test/' })).rejects.toThrow(
      'ProblemModule knows no setting "docs"; there are: documentation.',
    );
    await expect(started({})).resolves.toBeDefined();
    await expect(started({ documentation: 'https://example.test/' })).resolves.toBeDefined();
  });

  it('ProblemModule.forRootAsync rejects a factory that returns undefined', async () => {
    const module = ProblemModule.forRootAsync({ useFactory: () => undefined as unknown as ProblemSettings });
    await expect(Test.createTestingModule({ imports: [module] }).compile()).rejects.toThrow(
      'ProblemModule must be an object of settings.',
    );
  });
});
