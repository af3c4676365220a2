/**
 * Codes, what explains them and the tests that raise them are held together: a code that nobody asserts is one that
 * nobody has seen.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODES } from '../src/core/codes.ts';

const test = suite('codes');
const TEST = fileURLToPath(new URL('.', import.meta.url));
const SRC = fileURLToPath(new URL('../src', import.meta.url));
/** What speaks of codes without raising them. */
const ABOUT_CODES = /codes\.test\.ts$|commands\/explain\.test\.ts$/;
const TABLES = /^(core\/codes|commands\/explain-examples)\.ts$/;

/** Lines of a statement that are read together. */
const LONGEST_STATEMENT = 40;

interface Line {
  text: string;
  place: string;
}

function linesBelow(dir: string, wanted: (path: string) => boolean): Line[] {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(wanted);
  return files.flatMap((file) => {
    const lines = readFileSync(join(dir, file), 'utf8').split('\n');
    return (file.endsWith('.test.ts') ? statements(lines) : lines).map((text, index) => ({
      text,
      place: `${file}:${index + 1}`,
    }));
  });
}

/** Each line with those that its brackets reach over: an assertion may be broken over several. */
function statements(lines: readonly string[]): string[] {
  const depthOf = (text: string): number => (text.match(/[([{]/g) ?? []).length - (text.match(/[)\]}]/g) ?? []).length;
  return lines.map((line, index) => {
    // A function's body is no part of the statement that its head begins.
    if (line.endsWith('{')) return line;
    let depth = depthOf(line);
    let text = line;
    for (let next = index + 1; depth > 0 && next < Math.min(lines.length, index + LONGEST_STATEMENT); next += 1) {
      text += ` ${lines[next]?.trim() ?? ''}`;
      depth += depthOf(lines[next] ?? '');
    }
    return text;
  });
}

/**
 * Lines that hold something: of a test, also a row of its table; of a bad plan, whose first line says what is expected;
 * of a golden file.
 */
const ASSERTING: ReadonlyArray<[file: RegExp, line: RegExp]> = [
  [/\.test\.ts$/, /^(?!\s*(\/\/|\*|\/\*)).*(assert\.\w+\(|failsWith\(|'[^']+': \[.*, ')/],
  [/^plan\/bad\/.*\.yml$/, /^# expect: /],
  [/^cases\/.*\/(stdout|stderr)$/, /^(error|warning)\[/],
];

const asserting = linesBelow(
  TEST,
  (path) => !ABOUT_CODES.test(path) && ASSERTING.some(([file]) => file.test(path)),
).filter(({ place, text }) => {
  const [path = ''] = place.split(':', 1);
  return ASSERTING.some(([file, line]) => file.test(path) && line.test(text));
});

/** A code as it is written in an assertion: a text of its own, or the start of a message. */
const written = (code: string): RegExp =>
  new RegExp(String.raw`(?<=['"\`\[^/ ])${code}(?=['"\`\]\\:/]| \d+:\d+| \((warning|error)\)| 1:1)`);

test('each code is held by some test', () => {
  const unheld = Object.keys(CODES).filter((code) => !asserting.some(({ text }) => written(code).test(text)));
  assert.equal(unheld, []);
});

test('and a code that no test holds would be found', () => {
  assert.ok(asserting.length > 1000, `${asserting.length} lines that assert`);
  const holds = (line: string, code: string): boolean => written(code).test(line);
  assert.not(asserting.some(({ text }) => holds(text, 'no-such-code')));
  assert.ok(holds("assert.is(failure.code, 'locked');", 'locked'));
  assert.ok(holds('assert.match(run.stderr, /error\\[locked\\]: /);', 'locked'));
  assert.not(holds('await failsWith("kas-order", () => locked(here));', 'locked'), 'a function of that name');
  assert.not(holds("assert.is(code, 'ostree-locked');", 'locked'), 'a part of another name');
});

test('each code is raised by the program', () => {
  const lines = linesBelow(SRC, (path) => path.endsWith('.ts') && !TABLES.test(path));
  const unraised = Object.keys(CODES).filter((code) => !lines.some(({ text }) => text.includes(`'${code}'`)));
  assert.equal(unraised, []);
});

test.run();
