import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDurationMs, parseSizeBytes } from '../../src/text/units.ts';

const test = suite('plan: units');

test('sizes', () => {
  assert.equal(
    ['512MiB', '2 GiB', '1500kB', '7', '3 B', '1TB'].map(parseSizeBytes),
    [536_870_912, 2_147_483_648, 1_500_000, 7, 3, 1e12],
  );
  assert.is(parseSizeBytes(4096), 4096);
  assert.equal(
    ['', 'MiB', '-1', '1.5GiB', '1 kiB', '1 mb', '1e3', '999999999999999TiB', '1 constructor', 0.5].map(parseSizeBytes),
    Array.from({ length: 10 }, () => undefined),
  );
});

test('durations', () => {
  assert.equal(['90s', '60min', '2 h', '1d'].map(parseDurationMs), [90_000, 3_600_000, 7_200_000, 86_400_000]);
  assert.equal(
    ['', '60', 'min', '1m', '1.5h', '1 toString'].map(parseDurationMs),
    Array.from({ length: 6 }, () => undefined),
  );
});

test.run();
