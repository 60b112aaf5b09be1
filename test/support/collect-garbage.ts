import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects all that nobody can reach any more, for what happens only then. */
export const collectGarbage = runInNewContext('gc') as () => void;
