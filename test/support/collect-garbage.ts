import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects all unreachable objects, for effects that depend on garbage collection. */
export const collectGarbage = runInNewContext('gc') as () => void;
