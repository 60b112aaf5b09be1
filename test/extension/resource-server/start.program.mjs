/**
 * Starts the resource server as it is installed elsewhere: with the built package, and without what only the issuing
 * side needs. The parent gets the addresses, and for each missing package how an import and a require of it ended.
 */
import Module, { createRequire, register } from 'node:module';
import { initialize, missing } from './missing-packages.mjs';

const [issuer, ...packages] = process.argv.slice(2);
initialize(packages);
register('./missing-packages.mjs', import.meta.url, { data: packages });

// The hooks above see imports only; a require inside a CommonJS package goes by here.
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  if (missing(request)) throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
  return resolveFilename.call(this, request, ...rest);
};

const require = createRequire(import.meta.url);

async function isMissing(name) {
  const outcomes = await Promise.allSettled([import(name), Promise.resolve().then(() => require(name))]);
  return outcomes.every(({ reason }) => /MODULE_NOT_FOUND/.test(reason?.code ?? ''));
}

const absent = await Promise.all(packages.map(isMissing));
const { main } = await import('./main.ts');
const addresses = await main(issuer);
process.send({ addresses, resolvable: packages.filter((_, index) => !absent[index]) });
process.once('disconnect', () => process.exit());
