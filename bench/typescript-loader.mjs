/*
 * Lets Node run the TypeScript of the bench. `postern/…` is not mapped and resolves to `dist`, so that the bench
 * measures the published build.
 */
export { load } from '../test/support/typescript-loader.mjs';

export async function resolve(specifier, context, next) {
  const isSource = context.parentURL?.endsWith('.ts') && specifier.startsWith('.') && specifier.endsWith('.js');
  return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}
