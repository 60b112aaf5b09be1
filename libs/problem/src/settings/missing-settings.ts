import type { FactoryProvider, InjectionToken } from '@nestjs/common';

/**
 * Fails the start if a module is imported as a bare class. Such an import has neither settings nor guards, and Nest
 * accepts it.
 *
 * Add the result to `providers` of `@Module`. `forRoot` and `forRootAsync` provide the settings under the same token,
 * and the providers of a dynamic module replace those of `@Module`.
 *
 * @param module the name of the module, such as `AuthModule`
 * @param settings the token under which `forRoot` provides the settings
 *
 * @example
 * ```ts
 * @Module({ providers: [missingSettings('AcmeModule', ACME_SETTINGS)] })
 * export class AcmeModule extends ConfigurableAcmeModule {}
 * ```
 */
export function missingSettings(module: string, settings: InjectionToken): FactoryProvider<never> {
  return {
    provide: settings,
    useFactory: () => {
      throw new Error(
        `${module} has no settings: write ${module}.forRoot({ … }) or ${module}.forRootAsync({ … }), once in the application. ` +
          'The other modules do not import it.',
      );
    },
  };
}
