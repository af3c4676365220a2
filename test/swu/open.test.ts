import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReleasePlanError } from '../../src/core/errors.ts';
import { buildSwu } from '../../src/swu/build.ts';
import { listMembers, writeArchive, type MemberSource } from '../../src/swu/cpio.ts';
import { openSwu, type OpenRequest, type SwuCheck } from '../../src/swu/open.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';
import { requestFor } from '../support/swupdate.ts';

const test = suite('swu/open');
const work = scratch('open');
const keys = makeKeys('open-keys').dir;
const image = Buffer.from('an image '.repeat(100));
writeFileSync(join(work, 'boot.img'), image);
const boot = {
  name: 'boot',
  type: 'block',
  target: { device: '/dev/boot' },
  delta: undefined,
  payload: join(work, 'boot.img'),
  compression: 'none',
  decompressedSizeBytes: image.length,
  image: digestBytes(image),
} as const;
const out = join(work, 'good.swu');
await buildSwu(requestFor(keys, out, [boot]));
const good = readFileSync(out);

const trusting = (trusted: string): Pick<OpenRequest, 'trust'> => ({
  trust: { method: 'cms', public: trusted, env: {}, planDir: keys },
});
let opened = 0;
const openBytes = async (bytes: Uint8Array, over: Partial<OpenRequest> = {}) => {
  opened += 1;
  const path = join(work, 'x.swu');
  writeFileSync(path, bytes);
  return await openSwu(path, { workDir: join(work, `open-${opened}`), ...over });
};
const failed = (checks: readonly SwuCheck[]): string[] =>
  checks.filter((one) => one.result === 'fail').map((one) => `${one.check}: ${one.detail}`);

/** The members of the good package, to be put together in another way. */
async function membersOfGood(): Promise<Array<{ name: string; bytes: Buffer }>> {
  return (await listMembers(out)).map(({ name, offset, sizeBytes }) => ({
    name,
    bytes: good.subarray(offset, offset + sizeBytes),
  }));
}

async function repacked(change: (members: Array<{ name: string; bytes: Buffer }>) => MemberSource[]): Promise<Buffer> {
  const path = join(work, 'repacked.swu');
  await writeArchive(change(await membersOfGood()), path, 0);
  return readFileSync(path);
}

test('one flipped bit in any content, or in any name, fails a check', async () => {
  const members = await listMembers(out);
  const places = members.flatMap(({ offset, sizeBytes, name }) =>
    Array.from({ length: sizeBytes }, (_one, index) => offset + index).concat(
      good.indexOf(name, offset - name.length - 5),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places.filter((place) => place < 6000 || place % 50_000 === 0)),
      fc.integer({ min: 0, max: 7 }),
      async (place, bit) => {
        const bytes = Buffer.from(good);
        bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << bit), place);
        const { checks } = await openBytes(bytes, trusting('ec.crt'));
        assert.ok(failed(checks).length > 0, `bit ${bit} of byte ${place}`);
      },
    ),
    { numRuns: 40 },
  );
});

test('a package that was cut is no archive', async () => {
  const { checks, members } = await openBytes(good.subarray(0, 2000));
  assert.equal(
    checks.map((one) => [one.check, one.result]),
    [['archive', 'fail']],
  );
  assert.equal(members, []);
});

test('an edited description fails by its signature, even with right checksums', async () => {
  const bytes = await repacked((members) =>
    members.map((one) =>
      one.name === 'sw-description'
        ? { ...one, bytes: Buffer.from(one.bytes.toString().replace('/dev/boot', '/dev/root')) }
        : one,
    ),
  );
  const { checks } = await openBytes(bytes, trusting('ec.crt'));
  assert.equal(
    failed(checks).map((one) => one.split(':')[0]),
    ['signature'],
  );
});

test('another payload with right checksums fails by its sha256', async () => {
  const bytes = await repacked((members) =>
    members.map((one) => (one.name === 'boot.img' ? { ...one, bytes: Buffer.from('something else') } : one)),
  );
  const { checks } = await openBytes(bytes, trusting('ec.crt'));
  assert.match(failed(checks).join(), /^members: boot\.img has sha256 .*, listed with /);
});

test('missing, doubled, misplaced and unsafe members are named; extra ones are said', async () => {
  const without = (name: string) => repacked((members) => members.filter((one) => one.name !== name));
  assert.match(failed((await openBytes(await without('boot.img'))).checks).join(), 'boot.img is listed but missing');
  assert.match(
    failed((await openBytes(await without('sw-description'))).checks).join(),
    'the first member is sw-description.sig',
  );
  assert.match(
    failed((await openBytes(await without('sw-description.sig'), trusting('ec.crt'))).checks).join(),
    'signature: sw-description.sig is missing',
  );
  assert.match(
    failed(
      (await openBytes(await repacked((members) => [...members, ...members.filter((one) => one.name === 'boot.img')])))
        .checks,
    ).join(),
    '"boot.img" appears twice',
  );
  assert.match(
    failed(
      (
        await openBytes(
          await repacked((members) => [...members.slice(0, 1), ...members.slice(2), ...members.slice(1, 2)]),
        )
      ).checks,
    ).join(),
    'sw-description.sig is not the second member',
  );
  assert.match(
    failed(
      (await openBytes(await repacked((members) => [...members, { name: '../x', bytes: Buffer.from('x') }]))).checks,
    ).join(),
    '"../x" is not a safe name',
  );
  const { checks } = await openBytes(
    await repacked((members) => [...members, { name: 'extra', bytes: Buffer.from('x') }]),
    trusting('ec.crt'),
  );
  assert.equal(failed(checks), []);
  assert.match(checks.find((one) => one.check === 'members')?.detail ?? '', 'skipped by devices: extra');
});

test('an entry without sha256 fails when the package is signed, as devices refuse it', async () => {
  const bytes = await repacked((members) =>
    members.map((one) =>
      one.name === 'sw-description'
        ? { ...one, bytes: Buffer.from(one.bytes.toString().replaceAll(/\tsha256 = "[0-9a-f]+";/g, '')) }
        : one,
    ),
  );
  assert.match(failed((await openBytes(bytes)).checks).join(), 'boot.img is listed without sha256');
});

test('the version is compared when it is known', async () => {
  const named = await openBytes(good, { version: '0.3.0' });
  assert.match(failed(named.checks).join(), 'sw-description has 0.2.0, not 0.3.0');
});

test('without signing or trust the signature is not checked, and says why', async () => {
  const unsigned = join(work, 'unsigned.swu');
  const { signing: _none, ...request } = requestFor(keys, unsigned, [boot]);
  const { notes } = await buildSwu(request);
  assert.match(notes.join(), 'not signed');
  const { checks } = await openSwu(unsigned, { workDir: join(work, 'unsigned') });
  assert.equal(
    checks.filter((one) => one.result !== 'pass'),
    [{ check: 'signature', result: 'not-checked', detail: 'not signed' }],
  );
  assert.match((await openBytes(good)).checks.find((one) => one.check === 'signature')?.detail ?? '', 'signing.public');
});

test('a certificate that ended since fails, and is said to have expired', async () => {
  const path = join(work, 'ended.swu');
  // Signed while it was valid: openssl does not look at the dates when it signs.
  const context = { env: {}, planDir: keys, now: new Date('2019-06-01T00:00:00Z') };
  await buildSwu(
    requestFor(keys, path, [boot], { signing: { method: 'cms', key: 'ec.pem', cert: 'expired.crt' }, context }),
  );
  const { checks } = await openSwu(path, { workDir: join(work, 'ended'), ...trusting('expired.crt') });
  assert.match(failed(checks).join(), /^signature: .*certificate has expired$/);
});

test('a description of the user in JSON opens too; one that forgets a payload is not packed', async () => {
  const template = join(work, 'own.hbs');
  const request = requestFor(keys, join(work, 'own.swu'), [boot]);
  const withTemplate = { ...request, swu: { ...request.swu, template } };
  writeFileSync(
    template,
    '{"software": {"version": {{json to}}, {{json machine}}: {"hardware-compatibility": ["1.0"], "images": [{{#each ' +
      'plain.images}}{"filename": {{json filename}}, "sha256": {{json sha256}}, "device": {{json device}} ' +
      '}{{/each}}]} } }',
  );
  await buildSwu(withTemplate);
  assert.equal(
    failed(
      (await openSwu(request.out, { workDir: join(work, 'own'), version: '0.2.0', ...trusting('ec.crt') })).checks,
    ),
    [],
  );

  for (const [text, expected] of [
    ['software = { version = {{str to}}; };', /does not list boot\.img/],
    ['software = { version = "9"; };', /sets version 9, not 0\.2\.0/],
    [
      'software = { version = {{str to}}; images: ( { filename = "boot.img"; } ); };',
      /sha256 of boot\.img to \(none\), not/,
    ],
    ['software = {', /is not valid libconfig: line 1/],
  ] as const) {
    writeFileSync(template, text);
    const failure = await buildSwu(withTemplate).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.is((failure as ReleasePlanError | undefined)?.code, 'swu-template', text);
    assert.match((failure as ReleasePlanError).message, expected);
  }
});

test.run();
