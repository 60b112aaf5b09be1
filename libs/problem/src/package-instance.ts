const COPY = Symbol.for('postern:copy');
const COPIES = Symbol.for('postern:copies');

/** A copy of the package as it was loaded: one folder may be loaded twice as well, by a bundler or a test runner. */
interface Copy {
  readonly place: string;
}

// In a bundle of CommonJS no module knows its address.
const { url = 'a bundle' } = import.meta as Partial<ImportMeta>;
const own: Copy = { place: url.replace(/(\/dist)?\/libs\/problem\/src\/[^/]*$/, '') };

/**
 * Marks a class, and with it whatever extends it, as one of this copy of the package: for those to which another copy would be a
 * stranger, and refuse them for a wrong reason or pass them over.
 */
export const FromThisPackage = (): ClassDecorator => (base) => Reflect.defineMetadata(COPY, own, base);

/**
 * Refuses a class that comes from another copy of the package than the one that is asked.
 *
 * @param place the module that refuses, such as `UsersModule`
 * @throws Error that says where the two copies lie and how to find who brings them
 */
export function assertSamePackage(place: string, asked: unknown): void {
  if (typeof asked !== 'function') return;
  const other = Reflect.getMetadata(COPY, asked) as Copy | undefined;
  if (other === undefined || other === own) return;
  throw new Error(
    `${place}: two copies of postern are loaded. ${asked.name} comes from ${other.place}, and the ${place} that refuses it from ` +
      `${own.place}. "npm ls postern" shows who brings them: let all of them have the same one.`,
  );
}

/** Two applications of one process may have a copy each, so this refuses nothing; it stands above what Nest says when it is one. */
function tellOfOthers(): void {
  const places = ((globalThis as { [COPIES]?: Set<string> })[COPIES] ??= new Set());
  if (places.size > 0 && !places.has(own.place)) {
    process.emitWarning(
      `Copies of postern are loaded from ${[...places, own.place].join(' and ')}. Within one application Nest does not find what the ` +
        'other copy provides, and an error of the other copy is answered with 500. "npm ls postern" shows who brings them.',
      { code: 'POSTERN_COPIES' },
    );
  }
  places.add(own.place);
}

tellOfOthers();
