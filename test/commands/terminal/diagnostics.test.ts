import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Location } from '../../../src/core/diagnostic.ts';
import { formatDiagnostics } from '../../../src/commands/terminal/diagnostics.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('ui: diagnostics');

/** The frame of a place in a file with this text. */
function framed(text: string, where: Omit<Location, 'file'>, colour = false): string[] {
  const dir = scratch('frames');
  writeFileSync(join(dir, 'plan.yml'), text);
  return formatDiagnostics(
    [
      {
        code: 'key-unknown',
        severity: 'error',
        message: 'unknown key',
        hint: 'Leave it out.',
        where: { file: 'plan.yml', ...where },
      },
    ],
    dir,
    colour,
  ).split('\n');
}

test('the line is shown with the text underlined', () => {
  assert.equal(framed('a: 1\nbeta: 2\n', { line: 2, column: 1, endLine: 2, endColumn: 5 }), [
    'error[key-unknown]: unknown key',
    '  --> plan.yml:2:1',
    '   |',
    ' 2 | beta: 2',
    '   | ^^^^',
    '  help: Leave it out.',
    '',
  ]);
});

test('of what goes on below, the rest of its line is underlined', () => {
  assert.is(framed('key: [a,\n  b]\n', { line: 1, column: 6, endLine: 2, endColumn: 5 })[4], '   |      ^^^');
});

test('a long line is shown from shortly before the place', () => {
  const lines = framed(`${'x '.repeat(2500)}HERE${' y'.repeat(2500)}`, {
    line: 1,
    column: 5001,
    endLine: 1,
    endColumn: 5005,
  });
  assert.is(lines[3]?.length, 5 + 160);
  assert.is(lines[3]?.slice(lines[4]?.indexOf('^'), lines[4]?.lastIndexOf('^') ?? 0).slice(0, 3), 'HER');
});

test('a byte order mark does not shift the underline', () => {
  assert.equal(framed('\ufeffab: 1\r\n', { line: 1, column: 1, endLine: 1, endColumn: 3 }).slice(3, 5), [
    ' 1 | ab: 1',
    '   | ^^',
  ]);
});

test('nothing in a file can steer the terminal', () => {
  assert.is(
    framed('a: \u001b[2J\u009b1m\u202e\0\tb', { line: 1, column: 1 })[3],
    ' 1 | a: \u00b7[2J\u00b71m\u00b7\u00b7→b',
  );
});

test('secrets in the line are not shown', () => {
  for (const line of [
    'key: "-----BEGIN PRIVATE KEY-----\\nMIIEvQ"',
    'key: pkcs11:object=x?pin-value=MIIEvQ',
    'command: curl https://ci:MIIEvQ@host/',
    '    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj',
  ]) {
    const shown = framed(line, { line: 1, column: 1 })[3] ?? '';
    assert.match(shown, '(hidden)');
    assert.not.match(shown, 'MIIEvQ');
  }
});

test('a finding without a file, or in one that is gone, is told without a frame', () => {
  assert.is(
    formatDiagnostics([{ code: 'usage', severity: 'error', message: 'wrong' }], '/', false),
    'error[usage]: wrong\n',
  );
  assert.is(
    formatDiagnostics(
      [{ code: 'usage', severity: 'warning', message: 'wrong', where: { file: 'gone.yml', line: 3, column: 2 } }],
      '/',
      false,
    ),
    'warning[usage]: wrong\n  --> gone.yml:3:2\n',
  );
});

test.run();
