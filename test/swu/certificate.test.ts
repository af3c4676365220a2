import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { checkCertificate, nameOf, needsCodeSigningPurpose, readCertificates } from '../../src/swu/certificate.ts';
import { makeKeys, selfSignedBetween } from '../support/signing.ts';

const test = suite('swu/certificate');
const { dir } = makeKeys('certificate');
selfSignedBetween(dir, 'ec.pem', 'year.crt', '20300101000000Z', '20310101000000Z');
const text = (name: string): string => readFileSync(join(dir, name), 'utf8');
const one = (name: string): X509Certificate => readCertificates(text(name))[0] ?? (assert.unreachable(name) as never);

const at = (iso: string) => checkCertificate(one('year.crt'), 'keys/year.crt', new Date(iso));
const refusal = (iso: string): ReleasePlanError => {
  try {
    at(iso);
  } catch (error) {
    return error as ReleasePlanError;
  }
  return assert.unreachable(iso) as never;
};

test('the last 30 days are warned of, with the date', () => {
  assert.equal(at('2030-06-01T00:00:00Z'), []);
  assert.equal(at('2030-12-02T00:00:00Z'), [], 'exactly 30 days');
  const [warning] = at('2030-12-02T00:00:01Z');
  assert.is(warning?.code, 'certificate-expires-soon');
  assert.is(warning?.severity, 'warning');
  assert.match(
    warning?.message ?? '',
    'the certificate keys/year.crt (CN=year.crt) expires in 29 days, on 2031-01-01T00:00:00.000Z',
  );
  assert.match(at('2030-12-30T12:00:00Z')[0]?.message ?? '', 'in 1 day,');
  assert.match(at('2030-12-31T12:00:00Z')[0]?.message ?? '', 'today or tomorrow');
});

test('before its start and past its end it is refused, with name and date', () => {
  const past = refusal('2031-01-01T00:00:01Z');
  assert.is(past.code, 'certificate-expired');
  assert.match(past.message, 'keys/year.crt (CN=year.crt) expired on 2031-01-01T00:00:00.000Z');
  const early = refusal('2029-12-31T23:59:59Z');
  assert.is(early.code, 'certificate-not-yet-valid');
  assert.match(early.message, '2030-01-01T00:00:00.000Z');
});

test('several certificates of one file are read in order; keys around them are passed over', () => {
  const chain = readCertificates(`${text('ec.pem')}${text('ec.crt')}some words\n${text('other.crt')}`);
  assert.equal(chain.map(nameOf), ['CN=ec.crt, O=release-plan test', 'CN=other.crt, O=release-plan test']);
  assert.equal(readCertificates(text('ec.pem')), []);
});

test('a certificate for codeSigning alone is known by its extended key usage', () => {
  assert.ok(needsCodeSigningPurpose(one('code.crt')));
  assert.not(needsCodeSigningPurpose(one('ec.crt')));
});

test.run();
