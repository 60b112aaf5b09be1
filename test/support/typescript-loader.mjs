import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

/*
 * Lets Node import the TypeScript sources for the set-up of the tests and for the processes that tests start. Jest
 * compiles neither, and `npm test` must not need a build.
 */

const options = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    target: 'es2023',
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

const root = new URL('../../', import.meta.url);
const { exports: subpaths } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

/** The source of a subpath of this package; `undefined` for another module. */
function sourceOf(specifier) {
  const subpath = /^postern(?=\/|$)/.test(specifier) ? subpaths[specifier.replace('postern', '.')] : undefined;
  return subpath && new URL(subpath.default.replace('./dist/', '').replace(/\.js$/, '.ts'), root).href;
}

export async function resolve(specifier, context, next) {
  const own = sourceOf(specifier);
  if (own !== undefined) return next(own, context);
  const isSource = context.parentURL?.endsWith('.ts') && specifier.startsWith('.') && specifier.endsWith('.js');
  return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { ...options, filename });
  return { format: 'module', source: code, shortCircuit: true };
}
