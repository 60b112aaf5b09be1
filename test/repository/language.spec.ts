import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');
const MAX_COMMENT_WIDTH = 120;

/** Phrases that CONVENTIONS replaces, each with its plain form. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\btold\b/i, 'configured, reported, notified'],
  [/\b(?:tells|telling)\b/i, 'reports, logs, publishes'],
  [/\bwhoever\b/i, 'a client that, a caller that'],
  [/\banew\b/i, 'again'],
  [/\bof yours\b/i, 'your'],
  [/(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b)/i, 'is not a, has no'],
  [/\bbe it\b/i, 'whether'],
  [/\bin the place of\b/i, 'instead of'],
  [/\bof late\b/i, 'recently'],
  [/\bwithout a word\b/i, 'silently'],
  [/\bfor ever\b/i, 'forever'],
  [/\bat the moment\b/i, 'currently'],
  [/\b(?:nobody|everybody|somebody)\b/i, 'no client, each service, a caller'],
  [/\b(?:is|are|was|were|be) had\b/i, 'is available'],
  [/\blets? (?:\w+ )?(?:pass|in|through)\b/i, 'allows'],
  [/\bstands? before\b/i, 'is applied to'],
  [/(?<!\bDPoP )\b(?:prove[sdn]?|proving|proofs?)\b/i, 'verify'],
  [/(?<!connection )\brefus(?:e[sd]?|als?|ing)\b/i, 'reject (a request), fail (the start)'],
  [/\b(?:by itself|of itself)\b/i, 'automatically, alone'],
  [/\bmoreover\b/i, 'also'],
  [/\bmeanwhile\b/i, 'in the meantime, since then'],
  [/\bit is (?:said|asked)\b/i, 'configured, called'],
  [/\bhere and there\b/i, 'sometimes'],
];

/** A sentence names its actor first. */
const BEGINNING = /(?:^|[.!?]\s+)(?:What|Who|Whoever|Whose|Where|Of|So|One)\s(?!is\b.*\?)/;

/** The folders and pages that the rules hold for. */
const LIBS = [
  'accounts',
  'auth',
  'embedded-postgres',
  'jws',
  'outbound',
  'password',
  'persistence',
  'postern',
  'problem',
]
  .concat(['revocations', 'sessions', 'testing', 'tokens', 'users'])
  .map((lib) => `libs/${lib}`);
const PAGES = ['CONTRIBUTING.md', 'README.md', 'SECURITY.md', 'UPGRADING.md'];
const ROOMS = [...LIBS, 'bench', 'docs', 'scripts', 'src', 'test', ...PAGES];

interface Text {
  readonly line: number;
  readonly text: string;
}

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mjs', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))
  .filter((path) => !/^docs\/(?:api|benchmarks)/.test(path) && !path.endsWith('language.spec.ts'));
const pathsOf = (room: string): string[] => tracked.filter((path) => path === room || path.startsWith(`${room}/`));

/** Comments and the strings with at least three words: messages, descriptions and names of tests. */
function textsOfSource(source: string): Text[] {
  const file = ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest, true);
  const texts: Text[] = [];
  const add = (position: number, text: string): void => {
    texts.push({
      line: file.getLineAndCharacterOfPosition(position).line + 1,
      text: text.replaceAll(/\s+/g, ' ').trim(),
    });
  };
  const comments = new Set<number>();
  const visit = (node: ts.Node): void => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.getEnd()) ?? []),
    ]) {
      if (comments.has(range.pos)) continue;
      comments.add(range.pos);
      add(range.pos, source.slice(range.pos, range.end).replaceAll(/^\s*(?:\/\*\*?|\*\/|\*|\/\/)|\*\/$/gm, ' '));
    }
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      if (node.text.trim().split(/\s+/).length > 2) add(node.getStart(), node.text);
    }
    node.getChildren(file).forEach(visit);
  };
  visit(file);
  return texts;
}

/** Markdown without code blocks and inline code. */
function textsOfMarkdown(source: string): Text[] {
  let isCode = false;
  return source.split('\n').flatMap((text, index) => {
    if (text.startsWith('```')) isCode = !isCode;
    return isCode || text.startsWith('```') ? [] : [{ line: index + 1, text: text.replaceAll(/`[^`]*`/g, '`x`') }];
  });
}

const textsOf = (path: string): Text[] => {
  const source = readFileSync(join(root, path), 'utf8');
  return path.endsWith('.md') ? textsOfMarkdown(source) : textsOfSource(source);
};

describe.each(ROOMS)('the language of %s', (room) => {
  const paths = pathsOf(room);

  it('a room uses the plain word for each phrase of the list', () => {
    const found = paths.flatMap((path) =>
      textsOf(path).flatMap(({ line, text }) =>
        PHRASES.filter(([phrase]) => phrase.test(text)).map(
          ([phrase, plain]) => `${path}:${line}: "${phrase.exec(text)![0]}" → ${plain}`,
        ),
      ),
    );
    expect(found).toEqual([]);
  });

  it('each sentence of a room begins with its actor', () => {
    const found = paths.flatMap((path) =>
      textsOf(path)
        .filter(({ text }) => BEGINNING.test(text))
        .map(({ line, text }) => `${path}:${line}: ${BEGINNING.exec(text)![0]}`),
    );
    expect(found).toEqual([]);
  });

  it('the comments of a room fit in 120 columns', () => {
    const found = paths
      .filter((path) => !path.endsWith('.md'))
      .flatMap((path) =>
        readFileSync(join(root, path), 'utf8')
          .split('\n')
          .flatMap((text, index) =>
            text.length > MAX_COMMENT_WIDTH && /^\s*(?:\/\/|\/\*|\*)/.test(text) && !/https?:\/\/\S{60}/.test(text)
              ? [`${path}:${index + 1}`]
              : [],
          ),
      );
    expect(found).toEqual([]);
  });
});
