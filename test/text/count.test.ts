import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counted } from '../../src/text/count.ts';

const test = suite('text: count');

test('one is singular, all else plural', () => {
  assert.equal(
    [0, 1, 2].map((number) => counted(number, 'device')),
    ['0 devices', '1 device', '2 devices'],
  );
  assert.is(counted(2, 'entry', 'entries'), '2 entries');
});

test.run();
