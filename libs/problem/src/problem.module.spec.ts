import { Test } from '@nestjs/testing';
import { ProblemModule } from './problem.module.js';
import type { ProblemSettings } from './problem.module-definition.js';

/** Whatever is given in spite of the compiler. */
const given = (settings: object) => settings as ProblemSettings;

describe('ProblemModule', () => {
  it.each<[string, (settings: ProblemSettings) => ReturnType<typeof ProblemModule.forRoot>]>([
    ['forRoot', (settings) => ProblemModule.forRoot(settings)],
    ['forRootAsync', (settings) => ProblemModule.forRootAsync({ useFactory: () => settings })],
  ])('refuses by %s a setting that nobody reads', async (_, moduleOf) => {
    const started = (settings: object) => Test.createTestingModule({ imports: [moduleOf(given(settings))] }).compile();
    await expect(started({ docs: 'https://example.test/' })).rejects.toThrow(
      'ProblemModule knows no setting "docs"; there are: documentation.',
    );
    await expect(started({})).resolves.toBeDefined();
    await expect(started({ documentation: 'https://example.test/' })).resolves.toBeDefined();
  });

  it('refuses a factory that returns nothing', async () => {
    const module = ProblemModule.forRootAsync({ useFactory: () => undefined as unknown as ProblemSettings });
    await expect(Test.createTestingModule({ imports: [module] }).compile()).rejects.toThrow(
      'ProblemModule must be an object of settings.',
    );
  });
});
