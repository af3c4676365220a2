/** The import directions of the design are held by the linter: each forbidden import is really refused. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from './support/scratch.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const test = suite('architecture');

/** Lints one file in a copy of the folder layout; the rules that it breaks. */
function lint(path: string, content: string): string {
  const dir = scratch('architecture');
  copyFileSync(join(root, '.oxlintrc.json'), join(dir, '.oxlintrc.json'));
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), content);
  try {
    execFileSync(join(root, 'node_modules/.bin/oxlint'), ['--deny-warnings'], { cwd: dir, stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  }
}

const forbidden: Array<[file: string, imported: string]> = [
  ['src/io/hash.ts', '../plan/load.ts'],
  ['src/errors.ts', './kas/build.ts'],
  ['src/rdiff/apply.ts', '../archive/layout.ts'],
  ['src/rdiff/apply.ts', '../swu/pack.ts'],
  ['src/swu/pack.ts', '../delta/update.ts'],
  ['src/plan/rules/tags.ts', '../../archive/layout.ts'],
  ['src/kas/build.ts', '../plan/load.ts'],
  ['src/archive/collect.ts', '../rdiff/index.ts'],
  ['src/delta/rdiff.ts', '../kas/build.ts'],
  ['src/fleet/required.ts', '../delta/ostree.ts'],
  ['src/report/consistency.ts', '../archive/layout.ts'],
  ['src/schedule/systemd.ts', '../plan/load.ts'],
  ['src/ui/plain.ts', '../steps/apply.ts'],
  ['src/steps/apply.ts', '../commands/apply.ts'],
];

for (const [file, imported] of forbidden) {
  test(`${file} may not import ${imported}`, () => {
    assert.match(
      lint(file, `import * as other from '${imported}';\nexport const again = other;\n`),
      'no-restricted-imports',
    );
  });
}

const allowed: Array<[file: string, imported: string]> = [
  ['src/delta/rdiff.ts', '../rdiff/index.ts'],
  ['src/delta/update.ts', '../archive/layout.ts'],
  ['src/steps/apply.ts', '../plan/load.ts'],
  ['src/archive/collect.ts', '../io/hash.ts'],
];

for (const [file, imported] of allowed) {
  test(`${file} may import ${imported}`, () => {
    assert.is(lint(file, `import * as other from '${imported}';\nexport const again = other;\n`), '');
  });
}

test('console and process.exit stay at the edge', () => {
  assert.match(lint('src/plan/load.ts', 'console.log(1);\n'), 'no-console');
  assert.match(lint('src/plan/load.ts', 'process.exit(1);\n'), 'no-process-exit');
});

test.run();
