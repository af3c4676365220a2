import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPointer, quote } from '../../src/plan/finding.ts';

const test = suite('plan: findings');

test('a pointer reads as the plan is written', () => {
  assert.is(formatPointer(['partitions', 0, 'slots', 'a']), 'partitions[0].slots.a');
  assert.is(formatPointer([]), 'the plan');
});

test('a quoted value is short, on one line and printable', () => {
  assert.is(quote('a"b\n\u009b\u2028'), '"a\\"b\\n\u00b7\u00b7"');
  assert.is(quote('x'.repeat(1e6)).length, 60);
  assert.is(quote(undefined), 'undefined');
  assert.is(quote({ a: [1] }), '{"a":[1]}');
});

test('key material is not quoted', () => {
  for (const secret of [
    '-----BEGIN PRIVATE KEY-----\nSECRET',
    'x-----BEGIN RSA PRIVATE KEY-----SECRET',
    'pkcs11:object=x?pin-value=SECRET',
  ])
    assert.not.match(quote(secret), 'SECRET');
});

test.run();
