import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DeltaParser } from '../../src/rdiff/delta-parser.ts';
import { copy, delta, literal } from '../support/delta-bytes.ts';

const test = suite('rdiff/delta-parser');

interface Seen {
  commands: Array<[kind: string, opcode: number, offset: number, lengthBytes: number]>;
  literals: Buffer;
}

function read(chunks: Iterable<Uint8Array>): Seen {
  const parser = new DeltaParser();
  const commands: Seen['commands'] = [];
  const literals: Uint8Array[] = [];
  for (const chunk of chunks) {
    for (const part of parser.parse(chunk)) {
      if (part.kind === 'data') literals.push(part.bytes);
      else commands.push([part.kind, part.opcode, part.kind === 'copy' ? part.offset : 0, part.lengthBytes]);
    }
  }
  parser.finish();
  return { commands, literals: Buffer.concat(literals) };
}

function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const lengthBytes = lengths[turn % lengths.length] ?? 1;
    yield bytes.subarray(at, at + lengthBytes);
    at += lengthBytes;
  }
}

const command = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(1, 2, 4, 8),
      fc.constantFrom(1, 2, 4, 8),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 1, max: 255 }),
    )
    .map(([offsetWidth, lengthWidth, offset, lengthBytes]) => copy(offset, lengthBytes, offsetWidth, lengthWidth)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.constantFrom(0, 1, 2, 4, 8))
    .map(([data, width]) => literal(data, width)),
);

test('reads the same from chunks of any size', () => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (commands, lengths) => {
        const bytes = delta(...commands);
        const whole = read([bytes]);
        assert.is(whole.commands.length, commands.length);
        assert.equal(read(cut(bytes, lengths)), whole);
        assert.equal(read(cut(bytes, [1])), whole);
      },
    ),
    { numRuns: 300 },
  );
});

test('reads every width of every command', () => {
  for (const offsetWidth of [1, 2, 4, 8]) {
    for (const lengthWidth of [1, 2, 4, 8]) {
      const [offset, lengthBytes] = [2 ** Math.min(52, 8 * offsetWidth) - 1, 2 ** Math.min(51, 8 * lengthWidth) - 1];
      assert.equal(
        read([delta(copy(offset, lengthBytes, offsetWidth, lengthWidth))]).commands.map((one) => one.slice(2)),
        [[offset, lengthBytes]],
      );
    }
  }
  const data = Buffer.from('some text');
  for (const width of [0, 1, 2, 4, 8]) {
    const seen = read([delta(literal(data, width))]);
    assert.ok(seen.literals.equals(data));
    assert.is(seen.commands[0]?.[3], data.length);
  }
});

test.run();
