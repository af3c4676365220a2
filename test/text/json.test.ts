import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalJson, digestOf, openSealedJson, sealJson } from '../../src/text/json.ts';

const test = suite('io/json');

test('key order does not count, anything else does', () => {
  assert.is(canonicalJson({ b: [1, { d: 2, c: 3 }], a: null }), '{"a":null,"b":[1,{"c":3,"d":2}]}');
  assert.is(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }));
  assert.is.not(digestOf({ a: 1 }), digestOf({ a: '1' }));
});

test('a sealed document opens to what was sealed', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((key) => key !== 'self' && key !== '__proto__'),
        fc.jsonValue(),
      ),
      (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as object;
        assert.equal(openSealedJson(sealJson(plain)), { value: plain });
      },
    ),
  );
});

test('any changed byte of a sealed document is noticed', () => {
  const sealed = sealJson({ version: '0.1.0', files: [{ path: 'rootfs.squashfs', sha256: 'ab' }] });
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const altered = sealed.slice(0, at) + String.fromCharCode(code) + sealed.slice(at + 1);
      fc.pre(altered !== sealed);
      assert.ok('problem' in openSealedJson(altered));
    }),
  );
  assert.ok('problem' in openSealedJson(`${sealed}\n`));
  assert.ok('problem' in openSealedJson(sealed.slice(0, -1)));
});

test.run();
