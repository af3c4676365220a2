import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Partition } from '../../../src/model.ts';
import { oversizedImages } from '../../../src/plan/rules/partition-deltas.ts';

const test = suite('plan: slot sizes');

const partition = (name: string, slotSizeBytes?: number): Partition => ({ name, file: name, readOnly: true, target: { device: `/dev/${name}` }, delta: 'none', ...(slotSizeBytes === undefined ? {} : { slotSizeBytes }) });

test('an image that is larger than its slot is told, with how much', () => {
  const partitions = [partition('a', 1024), partition('b', 1024), partition('c'), partition('d', 512)];
  const found = oversizedImages(partitions, new Map([['a', 1024], ['b', 1025], ['c', 1e12]]));
  assert.equal(found.map((one) => [one.code, one.at]), [['image-too-large', ['partitions', 1, 'slot_size']]]);
  assert.match(found[0]?.message ?? '', '1 too many');
});

test.run();
