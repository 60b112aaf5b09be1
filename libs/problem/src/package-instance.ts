const COPY = Symbol.for('postern:copy');
const COPIES = Symbol.for('postern:copies');

/** A loaded copy of the package. A bundler or a test runner may also load the same folder twice. */
interface Copy {
  readonly place: string;
}

// In a CommonJS bundle `import.meta.url` is undefined.
const { url = 'a bundle' } = import.meta as Partial<ImportMeta>;
const own: Copy = { place: url.replace(/(\/dist)?\/libs\/problem\/src\/[^/]*$/, '') };

/**
 * Marks a class and its subclasses as part of this copy of the package. Another copy would reject or ignore them with a
 * misleading reason.
 */
export const FromThisPackage = (): ClassDecorator => (base) => Reflect.defineMetadata(COPY, own, base);

/**
 * Asserts that a class comes from this copy of the package.
 *
 * @param place the module that checks the class, such as `UsersModule`
 * @throws Error that names the locations of both copies
 */
export function assertSamePackage(place: string, type: unknown): void {
  if (typeof type !== 'function') return;
  const other = Reflect.getMetadata(COPY, type) as Copy | undefined;
  if (other === undefined || other === own) return;
  throw new Error(
    `${place}: two copies of postern are loaded. ${type.name} comes from ${other.place}, and ${place} comes from ` +
      `${own.place}. Run "npm ls postern" to find the packages that depend on them, and install one version for all.`,
  );
}

/** Warns and does not throw, because two applications of one process may each have their own copy. */
function warnOfOtherCopies(): void {
  const places = ((globalThis as { [COPIES]?: Set<string> })[COPIES] ??= new Set());
  if (places.size > 0 && !places.has(own.place)) {
    process.emitWarning(
      `Copies of postern are loaded from ${[...places, own.place].join(' and ')}. Within one application, Nest does not ` +
        'find the providers of the other copy, and its errors lose their codes. Run "npm ls postern" to find both.',
      { code: 'POSTERN_COPIES' },
    );
  }
  places.add(own.place);
}

warnOfOtherCopies();
