import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { effectOn, parseConf } from '../../src/kas/bitbake-conf.ts';

const test = suite('kas: local.conf as BitBake reads it');

const effect = (...lines: string[]): [value: string | undefined, changedBy: number[]] => {
  const { value, changedBy } = effectOn('V', parseConf(lines.join('\n')), ['qemu']);
  return [value, changedBy.map((one) => one.line)];
};

test('statements have a line, the header above them and their parts', () => {
  const [first, second, third] = parseConf(
    '# image\nEXTRA:append:qemu = " \\\n  a"\n# a remark of many ' +
      "words\ninclude x.inc\n# zz\nexport F[doc] ?= '\"'\n",
  );
  assert.equal(first, {
    line: 2,
    text: 'EXTRA:append:qemu = "   a"',
    header: 'image',
    assignment: { variable: 'EXTRA', overrides: ':append:qemu', flag: undefined, operator: '=', value: '   a' },
  });
  assert.equal(second, { line: 5, text: 'include x.inc', header: 'image', assignment: undefined });
  assert.is(third?.header, 'zz');
  assert.equal(third?.assignment, { variable: 'F', overrides: '', flag: 'doc', operator: '?=', value: '"' });
});

test('the last plain assignment wins, over ?= and ??= before and after', () => {
  assert.equal(effect('V ?= "a"', 'V = "b"', 'V ??= "c"', 'V ?= "d"'), ['b', []]);
  assert.equal(effect('V = "a"', 'V := "b"'), ['b', []]);
  assert.equal(effect('V = "a"', "V = 'b'"), ['b', []]);
});

test('without one, the first ?= wins, then the last ??=', () => {
  assert.equal(effect('V ??= "a"', 'V ?= "b"', 'V ?= "c"'), ['b', []]);
  assert.equal(effect('V ??= "a"', 'V ??= "b"'), ['b', []]);
  assert.equal(effect('W = "a"'), [undefined, []]);
});

test('what is added after it changes it; before it, it is gone', () => {
  assert.equal(effect('V += "x"', 'V = "a"'), ['a', []]);
  for (const operator of ['+=', '=+', '.=', '=.']) assert.equal(effect('V = "a"', `V ${operator} "x"`), ['a', [2]]);
  assert.equal(effect('V = "a"', 'unset V'), ['a', [2]]);
});

test('overrides change it wherever they stand, in the new syntax and the old', () => {
  for (const name of [
    'V:append',
    'V:prepend',
    'V:remove',
    'V:forcevariable',
    'V:qemu',
    'V_append',
    'V_forcevariable',
    'V_qemu',
    'V_append_qemu',
  ]) {
    assert.equal(effect(`${name} = "x"`, 'V = "a"'), ['a', [1]], name);
  }
});

test('other variables and flags do not', () => {
  for (const line of ['V_FILE = "x"', 'VV = "x"', 'V[doc] = "x"', 'V-x = "x"', '#V = "x"'])
    assert.equal(effect('V = "a"', line), ['a', []], line);
});

test.run();
