/** The import directions of the design are held by the linter: each forbidden import is really refused. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
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
  return oxlint(dir);
}

function oxlint(dir: string): string {
  try {
    execFileSync(join(root, 'node_modules/.bin/oxlint'), ['--deny-warnings'], { cwd: dir, stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  }
}

const forbidden: Array<[file: string, imported: string]> = [
  ['src/core/errors.ts', '../io/hash.ts'],
  ['src/core/errors.ts', '../kas/build.ts'],
  ['src/text/rows.ts', '../io/hash.ts'],
  ['src/io/hash.ts', '../plan/load.ts'],
  ['src/rdiff/apply.ts', '../archive/layout.ts'],
  ['src/rdiff/apply.ts', '../swu/pack.ts'],
  ['src/swu/pack.ts', '../delivery/swupdate/update.ts'],
  ['src/plan/rules/tags.ts', '../../archive/layout.ts'],
  ['src/kas/build.ts', '../plan/load.ts'],
  ['src/archive/collect.ts', '../rdiff/index.ts'],
  ['src/fleet/running.ts', '../delivery/fleet/required.ts'],
  ['src/report/consistency.ts', '../archive/layout.ts'],
  ['src/schedule/systemd.ts', '../plan/load.ts'],
  ['src/static-delta/superblock.ts', '../archive/layout.ts'],
  ['src/delivery/engines/rdiff.ts', '../swupdate/update.ts'],
  ['src/delivery/fleet/guard.ts', '../swupdate/deltas.ts'],
  ['src/delivery/swupdate/run.ts', '../ostree/run.ts'],
  ['src/delivery/ostree/run.ts', '../swupdate/run.ts'],
  ['src/delivery/swupdate/run.ts', '../../jobs/apply.ts'],
  ['src/publish/s3.ts', '../jobs/apply.ts'],
  ['src/insight/blame.ts', '../publish/s3.ts'],
  ['src/jobs/apply.ts', '../commands/apply.ts'],
  ['src/commands/terminal/plain.ts', '../../jobs/apply.ts'],
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
  ['src/io/hash.ts', '../text/bytes.ts'],
  ['src/archive/collect.ts', '../io/hash.ts'],
  ['src/delivery/engines/rdiff.ts', '../../rdiff/index.ts'],
  ['src/delivery/swupdate/update.ts', '../../archive/layout.ts'],
  ['src/delivery/swupdate/update.ts', '../fleet/required.ts'],
  ['src/delivery/index.ts', './ostree/index.ts'],
  ['src/jobs/apply.ts', '../plan/load.ts'],
  ['src/commands/apply.ts', '../jobs/apply.ts'],
];

for (const [file, imported] of allowed) {
  test(`${file} may import ${imported}`, () => {
    assert.is(lint(file, `import * as other from '${imported}';\nexport const again = other;\n`), '');
  });
}

test('a circle is refused, also one of types alone', () => {
  const dir = scratch('architecture');
  copyFileSync(join(root, '.oxlintrc.json'), join(dir, '.oxlintrc.json'));
  mkdirSync(join(dir, 'src/kas'), { recursive: true });
  writeFileSync(join(dir, 'src/kas/a.ts'), "import type { B } from './b.ts';\nexport type A = B | 1;\n");
  writeFileSync(join(dir, 'src/kas/b.ts'), "import type { A } from './a.ts';\nexport type B = A | 2;\n");
  assert.match(oxlint(dir), 'no-cycle');
});

/** Files beside the delivery system itself that may speak of OSTree, and why. */
const SPEAK_OF_OSTREE = [
  // The keys of a plan, and the codes that a user meets.
  /^core\/(plan\.ts|codes)/,
  /^commands\/explain-examples\.ts$/,
  // The one choice.
  /^delivery\/index\.ts$/,
  /^(plan|static-delta|delivery\/ostree)\//,
  // Words of targets.json, of fioctl and of its devices.
  /^fleet\//,
  /^delivery\/fleet\/required\.ts$/,
  /^commands\/targets\//,
  /^commands\/init\.ts$/,
  // The table of programs.
  /^io\/tools\.ts$/,
];

test('whether a plan is OSTree or SWUpdate is asked at one place', () => {
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const code = (file: string): string =>
    readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const asking = files.filter(
    (file) => /\.ostree\b|'ostree'/.test(code(file)) && !/^(plan|delivery\/ostree)\//.test(file),
  );
  // A flag for the first plan, and the name of a program.
  assert.equal(asking.sort(), ['commands/init.ts', 'delivery/index.ts', 'io/tools.ts']);
  const speaking = files.filter((file) => /ostree/i.test(code(file)));
  assert.equal(
    speaking.filter((file) => !SPEAK_OF_OSTREE.some((one) => one.test(file))),
    [],
  );
});

test('console and process.exit stay at the edge', () => {
  assert.match(lint('src/plan/load.ts', 'console.log(1);\n'), 'no-console');
  assert.match(lint('src/plan/load.ts', 'process.exit(1);\n'), 'no-process-exit');
});

test.run();
