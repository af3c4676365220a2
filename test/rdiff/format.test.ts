import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS, COMMAND_MAX_BYTES, copyOpcode, widthIndexOf } from '../../src/rdiff/format.ts';

const test = suite('rdiff/format');

test('the command table has the ranges that librsync documents', () => {
  const kinds = (kind: string): string[] =>
    COMMANDS.flatMap((shape, opcode) => (shape.kind === kind ? [opcode.toString(16)] : []));
  assert.equal(kinds('end'), ['0']);
  assert.is(kinds('literal').at(0), '1');
  assert.is(kinds('literal').at(-1), '44');
  assert.is(kinds('copy').at(0), '45');
  assert.is(kinds('copy').at(-1), '54');
  assert.is(kinds('reserved').length, 256 - 0x55);
});

test('inline literals are as long as their command byte, the others say their length', () => {
  assert.equal(COMMANDS[0x40], { kind: 'literal', lengthBytes: 64, lengthWidth: 0 });
  assert.equal(COMMANDS[0x41], { kind: 'literal', lengthBytes: 0, lengthWidth: 1 });
  assert.equal(COMMANDS[0x44], { kind: 'literal', lengthBytes: 0, lengthWidth: 8 });
});

test('a copy opcode stands for the narrowest widths of its offset and its length', () => {
  assert.equal(COMMANDS[copyOpcode(widthIndexOf(255), widthIndexOf(256))], {
    kind: 'copy',
    offsetWidth: 1,
    lengthWidth: 2,
  });
  assert.equal(COMMANDS[copyOpcode(widthIndexOf(65_536), widthIndexOf(65_535))], {
    kind: 'copy',
    offsetWidth: 4,
    lengthWidth: 2,
  });
  assert.equal(COMMANDS[copyOpcode(widthIndexOf(2 ** 32), widthIndexOf(2 ** 32 - 1))], {
    kind: 'copy',
    offsetWidth: 8,
    lengthWidth: 4,
  });
  assert.is(copyOpcode(3, 3), 0x54);
  assert.is(COMMAND_MAX_BYTES, 1 + 8 + 8);
});

test.run();
