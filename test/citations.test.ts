/** What comments and pages say of files of this repository: each file that they name is there. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('citations');
const root = fileURLToPath(new URL('..', import.meta.url));

/** A path from the top of the repository; librsync's and SWUpdate's sources (.c, .h) are cited too, and not ours. */
const CITED =
  /(?<![\w./-])(?:src|test|docs|bench|scripts|templates|schemas|examples)\/[\w./-]*\.(?:ts|js|cjs|md|hbs|json|yml)\b/g;
const LINKED = /\]\((?!https?:|#)([^)#\s]+)/g;
/** Names that no file has on purpose: what a test writes or forbids. */
const WRITERS = /^test\/(architecture|citations|jobs\/|commands\/|support\/)/;
const PLACEHOLDER = /NAME|CODE/;

const filesBelow = (folder: string, name: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => name.test(path) && !path.includes('node_modules'))
    .map((path) => join(folder, path));

const sources = ['src', 'test', 'bench', 'scripts'].flatMap((folder) => filesBelow(folder, /\.(ts|js|cjs)$/));
const pages = [...filesBelow('docs', /\.md$/), 'README.md'];

/** What a text cites and is not there. */
function missingIn(path: string, text: string): string[] {
  const cited = [...text.matchAll(CITED)].map(([name]) => name).filter((name) => !PLACEHOLDER.test(name));
  const linked = path.endsWith('.md')
    ? [...text.matchAll(LINKED)].map(([, name = '']) => join(dirname(path), name))
    : [];
  return [...cited, ...linked].filter((name) => !existsSync(join(root, name))).map((name) => `${path}: ${name}`);
}

test('every file that a comment or a page names is there', () => {
  const missing = [...sources, ...pages]
    .filter((path) => !WRITERS.test(path))
    .flatMap((path) => missingIn(path, readFileSync(join(root, path), 'utf8')));
  assert.equal(missing, []);
});

test('and one that is not there would be found', () => {
  assert.equal(missingIn('docs/x.md', 'see src/rdiff/scalar/md4.ts and [this](gone.md), not src/mksum.c'), [
    'docs/x.md: src/rdiff/scalar/md4.ts',
    'docs/x.md: docs/gone.md',
  ]);
});

test.run();
