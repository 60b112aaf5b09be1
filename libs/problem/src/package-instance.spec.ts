import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { assertSamePackage, FromThisPackage } from './index.js';

/** Marks a class as part of another copy. */
const OfAnotherCopy = (place = 'file:///app/node_modules/other/node_modules/postern'): ClassDecorator =>
  Reflect.metadata(Symbol.for('postern:copy'), { place });

@FromThisPackage()
class Base {}

@OfAnotherCopy()
class OtherBase {}

describe('a class of another copy of the package', () => {
  it('assertSamePackage rejects a class of another copy and names the locations of both copies', () => {
    class Employee extends OtherBase {}
    expect(() => assertSamePackage('UsersModule', Employee)).toThrow(
      /^UsersModule: two copies of postern are loaded\. Employee comes from file:\/\/\/app\/node_modules\/other\/node_modules\/postern, and UsersModule comes from file:\/\/\/[^ ]+\. Run "npm ls postern"/,
    );
  });

  it('assertSamePackage rejects a class of another copy that was loaded from the same folder', () => {
    const own = Reflect.getMetadata(Symbol.for('postern:copy'), Base) as { place: string };
    expect(own.place).toMatch(/^file:\/\/\/(?!.*\/libs\/problem)/);
    @OfAnotherCopy(own.place)
    class Twin {}
    expect(() => assertSamePackage('AuthModule', Twin)).toThrow('two copies of postern');
  });

  it.each<[unknown]>([[class extends Base {}], [Base], [Date], [() => true], [{}], [undefined]])(
    'assertSamePackage accepts any other value: %p',
    (type) => expect(() => assertSamePackage('AuthModule', type)).not.toThrow(),
  );
});

describe('a copy of the package that is loaded beside another one', () => {
  const warningsBeside = async (...places: string[]): Promise<string[]> => {
    const program = `
      process.on('warning', ({ code, message }) => code === 'POSTERN_COPIES' && console.log(message));
      globalThis[Symbol.for('postern:copies')] = new Set(${JSON.stringify(places)});
      await import('postern/problem');
    `;
    const flags = ['--import', './test/support/register-typescript.mjs', '--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, flags);
    return stdout.split('\n').filter((line) => line !== '');
  };

  it('a second copy of the package emits a warning', async () => {
    const place = 'file:///app/node_modules/other/node_modules/postern';
    await expect(warningsBeside(place)).resolves.toEqual([
      expect.stringMatching(/^Copies of postern are loaded from file:\/\/\/app\/.* and file:\/\/\/.*"npm ls postern"/),
    ]);
  });

  it('a single copy of the package emits no warning', async () => {
    await expect(warningsBeside()).resolves.toEqual([]);
  });
});
