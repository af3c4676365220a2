import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { calibrate, type Known } from '../../../src/insight/suggest/calibrate.ts';

const test = suite('insight/suggest/calibrate');

const near = (actual: number | undefined, expected: number): void =>
  assert.ok(actual !== undefined && Math.abs(actual / expected - 1) < 0.05, `${actual} instead of ${expected}`);

test('content that stays in place: a share of the blocks that are new', () => {
  const known: Known[] = [
    { distance: 1, missingBytes: 1000, bytes: 300 },
    { distance: 2, missingBytes: 9000, bytes: 2720 },
    { distance: 3, missingBytes: 9100, bytes: 2700 },
  ];
  const found = calibrate(known, 0.5);
  assert.is(found.method, 'signatures');
  assert.ok(found.error !== null && found.error < 0.03);
  near(found.estimate({ distance: 9, missingBytes: 20_000 }), 6000);
});

test('content that moves: every block is new, and versions change as much as one another', () => {
  const known: Known[] = [1, 2, 4].map((distance) => ({ distance, missingBytes: 1e6, bytes: 180_000 * distance }));
  const found = calibrate(known, 0.5);
  assert.is(found.method, 'distance');
  near(found.estimate({ distance: 3, missingBytes: 1e6 }), 540_000);
  near(found.estimate({ distance: 10, missingBytes: undefined }), 1_800_000);
});

test('without a delta: what the new blocks come to in a full package', () => {
  const found = calibrate([], 0.4);
  assert.equal([found.deltas, found.error], [0, null]);
  near(found.estimate({ distance: 1, missingBytes: 1000 }), 400);
  assert.is(found.estimate({ distance: 1, missingBytes: undefined }), undefined);
});

test('a single delta cannot be compared with others', () => {
  const found = calibrate([{ distance: 2, missingBytes: 1000, bytes: 300 }], 1);
  assert.equal([found.deltas, found.error], [1, null]);
  near(found.estimate({ distance: 2, missingBytes: 2000 }), 600);
  near(found.estimate({ distance: 4, missingBytes: undefined }), 600);
});

test.run();
