/**
 * Every plan in bad/ says in its first line what is to be found in it:
 * `# expect: code line:column, code (warning) line:column, ...`, all of it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODES, type Code } from '../../src/core/codes/index.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { loadPlan } from '../../src/plan/load.ts';
import { formatDiagnostics } from '../../src/commands/terminal/diagnostics.ts';

const test = suite('plan: bad plans');
const dir = fileURLToPath(new URL('bad/', import.meta.url));
const files = readdirSync(dir).filter((name) => name.endsWith('.yml'));
const raised = new Set<Code>();

const inWords = ({ code, severity, where }: Diagnostic): string =>
  `${code}${severity === 'warning' ? ' (warning)' : ''} ${where?.line}:${where?.column}`;

for (const name of files) {
  test(name, async () => {
    const expected = /^# expect: (.+)$/m.exec(readFileSync(join(dir, name), 'utf8'))?.[1];
    const { plan, diagnostics } = await loadPlan(name, { cwd: dir });
    assert.is(diagnostics.map(inWords).join(', '), expected);
    assert.is(
      plan === undefined,
      diagnostics.some((one) => one.severity === 'error'),
    );
    for (const one of diagnostics) {
      raised.add(one.code);
      assert.ok(one.message.length > 0 && !/[\n\r]/.test(one.message), `a message of one line: ${one.message}`);
      assert.ok(one.hint !== undefined && one.hint.length > 0, `${one.code} says what to do`);
      const [, cure] = /^Write (\S+)\.$/.exec(one.hint) ?? [];
      assert.is.not(one.message.includes(`cannot be "${cure}"`), true, `it is written so already: ${one.hint}`);
      assert.is(one.where?.file, name);
    }
  });
}

test('there are as many as there should be', () => {
  assert.ok(files.length >= 120, `${files.length} plans`);
});

test('what is secret in a plan is in no message and in no frame', async () => {
  for (const name of files.filter((one) => one.startsWith('secret-'))) {
    const { diagnostics } = await loadPlan(name, { cwd: dir });
    assert.not.match(formatDiagnostics(diagnostics, dir, false), /MIIE|1234|hunter2/);
  }
});

/** Raised by tests of their own: what no text of a plan can bring about, or no file in git. */
const ELSEWHERE: ReadonlySet<string> = new Set<Code>([
  'usage',
  'plan-not-found',
  'plan-too-large',
  'plan-encoding',
  'plan-many-problems',
  'kas-repository',
]);

test('every code that src/plan names is raised by some bad plan', async () => {
  const sources = await glob('**/*.ts', {
    cwd: fileURLToPath(new URL('../../src/plan/', import.meta.url)),
    absolute: true,
  });
  const literals = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)].map((match) => match[1] ?? ''),
  );
  const named = [...new Set(literals)].filter((one) => Object.hasOwn(CODES, one)) as Code[];
  assert.ok(named.length > 40);
  assert.equal(
    named.filter((code) => !raised.has(code) && !ELSEWHERE.has(code)),
    [],
  );
});

test.run();
