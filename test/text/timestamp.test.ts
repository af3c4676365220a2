import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { timestamp } from '../../src/text/timestamp.ts';

const test = suite('timestamp');

test('is SOURCE_DATE_EPOCH where it is set', () => {
  assert.is(timestamp({ SOURCE_DATE_EPOCH: '1700000000' }), '2023-11-14T22:13:20.000Z');
  assert.is(timestamp({ SOURCE_DATE_EPOCH: '0' }), '1970-01-01T00:00:00.000Z');
});

for (const value of [undefined, '', '-1', '1e3', '1.5', 'today', '9999999999999']) {
  test(`is the present with SOURCE_DATE_EPOCH ${JSON.stringify(value)}`, () => {
    const before = Date.now();
    const found = Date.parse(timestamp({ SOURCE_DATE_EPOCH: value }));
    assert.ok(found >= before && found <= Date.now());
  });
}

test.run();
