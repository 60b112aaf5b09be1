import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judges } from '../tokens/interoperability/judges.js';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/verify-in-any-language.md'), 'utf8');
const blocks = [...guide.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);

describe('the guide for other languages', () => {
  it.each(judges.map(({ library, program }) => [library, program]))(
    'the guide shows the program by which %s judges our tokens',
    (_library, program) => {
      expect(blocks).toContain(readFileSync(join(root, 'test/tokens/interoperability', program), 'utf8'));
    },
  );
});
