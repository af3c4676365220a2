import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Travels } from '../../../src/core/archive.ts';
import type { Partition } from '../../../src/core/plan.ts';
import { travelsAs } from '../../../src/delivery/swupdate/payloads.ts';

const test = suite('delivery/swupdate/payloads');

type Kind = Pick<Partition, 'target' | 'type' | 'readOnly' | 'update'>;
const slots: Kind['target'] = { slots: { a: '/dev/a', b: '/dev/b' } };
const device: Kind['target'] = { device: '/dev/c' };
const image = (digit: string) => ({ file: 'x', sizeBytes: 1, sha256: digit.repeat(64) });
const [same, changed] = [
  { base: image('1'), target: image('1') },
  { base: image('1'), target: image('2') },
];
const delta = image('3');

test('how a partition travels, by its policy, its places and whether it changed', () => {
  const cases: Array<[Partial<Kind>, Parameters<typeof travelsAs>[1], Travels]> = [
    [{ target: slots }, { ...changed, delta }, 'delta'],
    [{ target: slots }, { ...same, delta }, 'delta'],
    [{ target: slots }, changed, 'image'],
    [{ target: slots }, same, 'delta'],
    [{ target: slots, readOnly: false }, same, 'image'],
    [{ target: slots, update: 'always' }, same, 'image'],
    [{ target: slots, type: 'ubivol' }, same, 'image'],
    [{ target: device }, same, 'unchanged'],
    [{ target: device }, changed, 'image'],
    [{ target: device, readOnly: false }, same, 'image'],
    [{ target: device, update: 'always' }, same, 'image'],
    [{ target: device, type: 'flash' }, same, 'image'],
    [{ target: device, update: 'never', readOnly: false }, changed, 'never'],
    [{ target: slots, update: 'never' }, { ...changed, delta }, 'never'],
  ];
  for (const [kind, info, expected] of cases)
    assert.is(
      travelsAs({ target: slots, type: 'block', readOnly: true, update: 'if-changed', ...kind }, info),
      expected,
      JSON.stringify([kind, info]),
    );
});

test.run();
