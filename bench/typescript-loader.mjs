/*
 * Lets Node run the TypeScript of the bench as it is. `postern/…` is left alone: it resolves to `dist`, so what is measured
 * is what ships.
 */
export { load } from '../test/support/typescript-loader.mjs';

export async function resolve(specifier, context, next) {
  const isSource = context.parentURL?.endsWith('.ts') && specifier.startsWith('.') && specifier.endsWith('.js');
  return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}
