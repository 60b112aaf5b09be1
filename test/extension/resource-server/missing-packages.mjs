/** Hooks for Node's loader: packages that are not installed, and TypeScript. `postern/…` is the built package. */
export { load } from '../../typescript-loader.mjs';

let names = [];

/** Told which packages are to be missing: in the thread of the hooks by Node, elsewhere by the caller. */
export function initialize(packages) {
  names = packages;
}

/** Whether the specifier names a package, or a file of one, that is to be missing. */
export const missing = (specifier) => names.some((name) => specifier === name || specifier.startsWith(`${name}/`));

export async function resolve(specifier, context, next) {
  if (missing(specifier)) {
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' });
  }
  const isSource = context.parentURL?.endsWith('.ts') && specifier.startsWith('.') && specifier.endsWith('.js');
  return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}
