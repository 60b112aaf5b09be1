import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;

const WITHOUT_VALIDATOR = dataUrl(`
  import { register } from 'node:module';
  register(${JSON.stringify(
    dataUrl(`export const resolve = (specifier, context, next) => {
      if (specifier === 'class-validator') throw new Error('Cannot find package');
      return next(specifier, context);
    }`),
  )});
`);

const PROGRAM = `
  import 'reflect-metadata';
  const { ProblemValidationPipe } = await import('postern/problem');
  const pipe = new ProblemValidationPipe();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const id = await pipe.transform('7', { type: 'param', metatype: String, data: 'id' });
  const failure = await pipe.transform({}, { type: 'body', metatype: class {} }).catch((error) => error.message);
  console.log(JSON.stringify({ id, failure }));
`;

describe('ProblemValidationPipe without class-validator', () => {
  it('without class-validator, ProblemValidationPipe serves routes without bodies, and fails with the package to install at the first class', async () => {
    const flags = [
      '--import',
      './test/support/register-typescript.mjs',
      '--import',
      WITHOUT_VALIDATOR,
      '--input-type=module',
    ];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--eval', PROGRAM]);
    expect(JSON.parse(stdout)).toEqual({
      id: '7',
      failure: 'A route needs class-validator to validate its parameters: npm install class-validator',
    });
  });
});
