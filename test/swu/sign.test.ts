import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import type { SigningSettings } from '../../src/core/plan.ts';
import { checkSigning, signDescription, type SigningContext } from '../../src/swu/sign.ts';
import { verifySignature } from '../../src/swu/verify.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';

const test = suite('swu/sign');
const work = scratch('sign');
const { dir } = makeKeys('sign-keys');
const description = join(work, 'sw-description');
writeFileSync(description, 'software = { version = "1"; };\n');
const signature = join(work, 'sw-description.sig');
const context: SigningContext = { env: {}, planDir: dir };
const pem = (name: string): string => readFileSync(join(dir, name), 'utf8');

async function signAndVerify(signing: SigningSettings & { public: string }, env: Record<string, string> = {}) {
  const warnings = await signDescription(description, signature, signing, { ...context, env });
  return {
    warnings,
    ...(await verifySignature(description, signature, {
      ...context,
      env,
      method: signing.method,
      public: signing.public,
    })),
  };
}

const failureOf = async (
  signing: SigningSettings,
  env: Record<string, string> = {},
  now?: Date,
): Promise<ReleasePlanError> => {
  try {
    await signDescription(description, signature, signing, { ...context, env, ...(now === undefined ? {} : { now }) });
  } catch (error) {
    assert.instance(error, ReleasePlanError);
    return error as ReleasePlanError;
  }
  return assert.unreachable(JSON.stringify(signing)) as never;
};

for (const method of ['rsa', 'rsa-pss'] as const) {
  test(`${method}: openssl verifies the signature against the public key and against a certificate of it`, async () => {
    for (const trusted of ['rsa.pub.pem', 'rsa.crt']) {
      assert.is((await signAndVerify({ method, key: 'rsa.pem', public: trusted })).valid, true, trusted);
    }
    // The words of SWUpdate's documentation, not ours.
    const padding = method === 'rsa' ? [] : ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-2'];
    const said = execFileSync(
      'openssl',
      ['dgst', '-sha256', '-verify', join(dir, 'rsa.pub.pem'), ...padding, '-signature', signature, description],
      { encoding: 'utf8' },
    );
    assert.match(said, 'Verified OK');
    const other = method === 'rsa' ? 'rsa-pss' : 'rsa';
    assert.not(
      (await verifySignature(description, signature, { ...context, method: other, public: 'rsa.pub.pem' })).valid,
      'the two are not the same',
    );
  });
}

test("a signature that openssl cannot make is told by the name of the key, with openssl's words", async () => {
  for (const signing of [
    { method: 'rsa', key: 'rsa.pem' },
    { method: 'cms', key: 'ec.pem', cert: 'ec.crt' },
  ] as const) {
    const failure = await signDescription(join(work, 'not-there'), signature, signing, context).then(
      () => assert.unreachable() as never,
      (error: ReleasePlanError) => error,
    );
    assert.is(failure.code, 'signing-failed');
    assert.match(failure.message, new RegExp(`^${signing.key}: openssl .*failed[^]*not-there`));
  }
});

test('cms: elliptic curve and RSA keys', async () => {
  assert.ok((await signAndVerify({ method: 'cms', key: 'ec.pem', cert: 'ec.crt', public: 'ec.crt' })).valid);
  const verdict = await signAndVerify({ method: 'cms', key: 'rsa.pem', cert: 'rsa.crt', public: 'rsa.crt' });
  assert.ok(verdict.valid);
  assert.match(verdict.detail, 'cms against rsa.crt (CN=rsa.crt, O=release-plan test)');
});

test('an altered description, and a key that is not trusted, do not verify, and why is said', async () => {
  await signAndVerify({ method: 'cms', key: 'ec.pem', cert: 'ec.crt', public: 'ec.crt' });
  const stranger = await verifySignature(description, signature, { ...context, method: 'cms', public: 'other.crt' });
  assert.not(stranger.valid);
  assert.match(stranger.detail, /certificate/i);
  const altered = join(work, 'altered');
  writeFileSync(altered, 'software = { version = "2"; };\n');
  assert.not((await verifySignature(altered, signature, { ...context, method: 'cms', public: 'ec.crt' })).valid);
  await signAndVerify({ method: 'rsa', key: 'rsa.pem', public: 'rsa.pub.pem' });
  const rsa = await verifySignature(altered, signature, { ...context, method: 'rsa', public: 'rsa.pub.pem' });
  assert.is(rsa.detail, 'rsa against rsa.pub.pem: made by another key, or over other bytes');
});

test('what this machine trusts otherwise does not count: devices trust signing.public alone', async () => {
  const authorities = join(work, 'authorities');
  mkdirSync(authorities);
  writeFileSync(join(authorities, 'other.pem'), pem('other.crt'));
  execFileSync('openssl', ['rehash', authorities]);
  const before = process.env.SSL_CERT_DIR;
  process.env.SSL_CERT_DIR = authorities;
  try {
    await signDescription(description, signature, { method: 'cms', key: 'other.pem', cert: 'other.crt' }, context);
    assert.not((await verifySignature(description, signature, { ...context, method: 'cms', public: 'ec.crt' })).valid);
  } finally {
    if (before === undefined) delete process.env.SSL_CERT_DIR;
    else process.env.SSL_CERT_DIR = before;
  }
});

test('keys come from the environment as a path or as the text itself, with or without a passphrase', async () => {
  const rsa = { method: 'rsa', key: '${SWU_KEY}', public: 'rsa.pub.pem' } as const;
  assert.ok((await signAndVerify(rsa, { SWU_KEY: join(dir, 'rsa.pem') })).valid);
  assert.ok((await signAndVerify(rsa, { SWU_KEY: pem('rsa.pem') })).valid);
  const locked = { ...rsa, passphraseEnv: 'SWU_PASS' };
  assert.ok((await signAndVerify(locked, { SWU_KEY: pem('encrypted.pem'), SWU_PASS: 'correct horse' })).valid);
  assert.ok(
    (
      await signAndVerify(
        { method: 'cms', key: '${K}', cert: '${C}', public: '${C}' },
        { K: pem('ec.pem'), C: pem('ec.crt') },
      )
    ).valid,
  );
});

test('wrong, missing and unreadable keys have errors of their own', async () => {
  const rsa = { method: 'rsa', key: 'encrypted.pem' } as const;
  assert.is((await failureOf(rsa)).code, 'signing-key-unreadable');
  assert.match((await failureOf(rsa)).hint ?? '', 'passphrase_env');
  assert.is((await failureOf({ ...rsa, passphraseEnv: 'P' }, { P: 'wrong' })).code, 'signing-key-unreadable');
  assert.match((await failureOf({ ...rsa, passphraseEnv: 'P' })).message, /P is not set/);
  assert.is((await failureOf({ method: 'rsa', key: 'absent.pem' })).code, 'signing-key-missing');
  assert.is((await failureOf({ method: 'rsa', key: 'rsa.pub.pem' })).code, 'signing-key-unreadable');
  assert.is((await failureOf({ method: 'cms', key: 'ec.pem' })).code, 'signing-key-missing');
  assert.is((await failureOf({ method: 'cms', key: 'ec.pem', cert: 'rsa.pub.pem' })).code, 'signing-key-unreadable');
  assert.is(
    (await failureOf({ method: 'cms', key: 'ec.pem', cert: 'pkcs11:object=x' })).code,
    'signing-key-unreadable',
  );
});

test('what does not belong together is refused before it is signed', async () => {
  const cases: SigningSettings[] = [
    { method: 'cms', key: 'ec.pem', cert: 'other.crt' },
    { method: 'cms', key: 'ec.pem', cert: 'ec.crt', public: 'rsa.pub.pem' },
    { method: 'rsa', key: 'rsa.pem', public: 'ec.crt' },
    { method: 'rsa', key: 'ec.pem' },
  ];
  for (const signing of cases)
    assert.is((await failureOf(signing)).code, 'signing-key-mismatch', JSON.stringify(signing));
});

test('an expired certificate is refused, an ending one warned of', async () => {
  const expired = await failureOf({ method: 'cms', key: 'ec.pem', cert: 'expired.crt' });
  assert.is(expired.code, 'certificate-expired');
  assert.match(expired.message, /expired\.crt .* expired on 2020-01-01/);
  assert.is(
    (await failureOf({ method: 'cms', key: 'ec.pem', cert: 'ec.crt', public: 'expired.crt' })).code,
    'certificate-expired',
    'what devices trust counts too',
  );
  const ending = new Date(Date.now() + 3640 * 24 * 3600 * 1000);
  const warnings = await checkSigning(
    { method: 'cms', key: 'ec.pem', cert: 'ec.crt', public: 'ec.crt' },
    { ...context, now: ending },
  );
  assert.equal(
    warnings.map((one) => one.code),
    ['certificate-expires-soon'],
  );
});

test('a certificate issued by what devices trust verifies, through an intermediate', async () => {
  const at = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
  const issue = (
    subject: string,
    key: string,
    issuer: string,
    issuerKey: string,
    out: string,
    extension: string,
  ): void => {
    openssl('req', '-new', '-key', at(key), '-subj', `/CN=${subject}`, '-out', at('issue.csr'));
    writeFileSync(at('issue.ext'), extension);
    openssl(
      'x509',
      '-req',
      '-in',
      at('issue.csr'),
      '-CA',
      at(issuer),
      '-CAkey',
      at(issuerKey),
      '-CAcreateserial',
      '-days',
      '300',
      '-extfile',
      at('issue.ext'),
      '-out',
      at(out),
    );
  };
  issue('intermediate', 'other.pem', 'ec.crt', 'ec.pem', 'intermediate.crt', 'basicConstraints=CA:TRUE\n');
  issue(
    'signer',
    'rsa.pem',
    'intermediate.crt',
    'other.pem',
    'signer.crt',
    'basicConstraints=CA:FALSE\nextendedKeyUsage=emailProtection\n',
  );
  writeFileSync(at('chain.pem'), pem('signer.crt') + pem('intermediate.crt'));
  assert.ok((await signAndVerify({ method: 'cms', key: 'rsa.pem', cert: 'chain.pem', public: 'ec.crt' })).valid);
  assert.not(
    (await signAndVerify({ method: 'cms', key: 'rsa.pem', cert: 'signer.crt', public: 'ec.crt' })).valid,
    'without the intermediate the chain is broken',
  );
});

test('a key on a PKCS#11 token signs, with the PIN in the URI, in a file or in a variable', async () => {
  const tokens = join(work, 'tokens');
  mkdirSync(tokens);
  const conf = join(work, 'softhsm2.conf');
  writeFileSync(conf, `directories.tokendir = ${tokens}\n`);
  const softhsm = (...args: string[]): void =>
    void execFileSync('softhsm2-util', args, { stdio: 'ignore', env: { ...process.env, SOFTHSM2_CONF: conf } });
  softhsm('--init-token', '--free', '--label', 'release', '--pin', '48151623', '--so-pin', '87654321');
  softhsm('--import', join(dir, 'rsa.pem'), '--token', 'release', '--label', 'swu', '--id', '01', '--pin', '48151623');
  writeFileSync(join(work, 'pin'), '48151623');
  const before = process.env.SOFTHSM2_CONF;
  process.env.SOFTHSM2_CONF = conf;
  try {
    const uri = 'pkcs11:token=release;object=swu';
    assert.ok(
      (
        await signAndVerify(
          { method: 'rsa', key: '${URI}', public: 'rsa.pub.pem' },
          { URI: `${uri}?pin-value=48151623` },
        )
      ).valid,
    );
    assert.ok(
      (
        await signAndVerify({
          method: 'rsa-pss',
          key: `${uri}?pin-source=file:${join(work, 'pin')}`,
          public: 'rsa.pub.pem',
        })
      ).valid,
    );
    assert.ok(
      (
        await signAndVerify(
          { method: 'cms', key: uri, cert: 'rsa.crt', public: 'rsa.crt', passphraseEnv: 'PIN' },
          { PIN: '48151623' },
        )
      ).valid,
    );
    const wrongPin = await failureOf({ method: 'rsa', key: '${URI}' }, { URI: `${uri}?pin-value=00000000` });
    assert.is(wrongPin.code, 'signing-key-unreadable');
    assert.not(`${wrongPin.message}${wrongPin.hint}`.includes('00000000'));
  } finally {
    if (before === undefined) delete process.env.SOFTHSM2_CONF;
    else process.env.SOFTHSM2_CONF = before;
  }
});

test('no secret reaches an argument, an error or what stays on disk', async () => {
  const bin = join(work, 'bin');
  mkdirSync(bin);
  const real = execFileSync('sh', ['-c', 'command -v openssl'], { encoding: 'utf8' }).trim();
  writeFileSync(
    join(bin, 'openssl'),
    `#!/bin/sh\nprintf '%s\\n' "$@" >> '${join(work, 'argv')}'\nexec '${real}' "$@"\n`,
  );
  chmodSync(join(bin, 'openssl'), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  const secrets = [
    pem('ec.pem').split('\n')[1] ?? '',
    pem('encrypted.pem').split('\n')[1] ?? '',
    'correct horse',
    '48151623',
  ];
  let words = '';
  try {
    await signAndVerify({ method: 'cms', key: '${K}', cert: 'ec.crt', public: 'ec.crt' }, { K: pem('ec.pem') });
    await signAndVerify(
      { method: 'rsa', key: '${K}', public: 'rsa.pub.pem', passphraseEnv: 'P' },
      { K: pem('encrypted.pem'), P: 'correct horse' },
    );
    for (const failure of [
      await failureOf({ method: 'rsa', key: '${K}' }, { K: pem('encrypted.pem') }),
      await failureOf({ method: 'cms', key: '${K}', cert: 'other.crt' }, { K: pem('ec.pem') }),
      await failureOf({ method: 'rsa', key: '${K}' }, { K: 'pkcs11:token=none?pin-value=48151623' }),
    ])
      words += `${failure.message}\n${failure.hint}\n${String(failure.cause)}\n`;
  } finally {
    process.env.PATH = path;
  }
  const argv = readFileSync(join(work, 'argv'), 'utf8');
  assert.match(argv, '-sign');
  for (const secret of secrets) {
    assert.ok(secret.length >= 8);
    assert.not(argv.includes(secret));
    assert.not(words.includes(secret));
  }
  assert.equal(
    readdirSync('/dev/shm').filter((name) => name.startsWith(`release-plan-key-${process.pid}-`)),
    [],
  );
});

test('the passphrase comes from a file that the plan names; one that is not there is named', async () => {
  writeFileSync(join(dir, 'pass'), 'correct horse\n', { mode: 0o600 });
  writeFileSync(join(dir, 'wrong-pass'), 'wrong\n');
  const locked = { method: 'rsa', key: 'encrypted.pem', public: 'rsa.pub.pem' } as const;
  assert.ok((await signAndVerify({ ...locked, passphraseFile: 'pass' })).valid);
  assert.ok((await signAndVerify({ ...locked, passphraseFile: '${P}' }, { P: join(dir, 'pass') })).valid);
  const cms = { method: 'cms', key: 'encrypted.pem', cert: 'rsa.crt', public: 'rsa.crt' } as const;
  assert.ok((await signAndVerify({ ...cms, passphraseFile: 'pass' })).valid);
  assert.is((await failureOf({ ...locked, passphraseFile: 'wrong-pass' })).code, 'signing-key-unreadable');
  assert.is((await failureOf({ ...locked, passphraseFile: 'absent' })).code, 'signing-key-missing');
  assert.match((await failureOf({ ...locked, passphraseFile: '.' })).message, 'not a regular file');
});

test('several signers of one CMS signature, each with a passphrase of its own: all must be trusted', async () => {
  writeFileSync(join(dir, 'both.crt'), pem('ec.crt') + pem('rsa.crt'));
  const signing = {
    method: 'cms',
    key: 'ec.pem',
    cert: 'ec.crt',
    others: [{ key: 'encrypted.pem', cert: 'rsa.crt', passphraseEnv: 'P' }],
  } as const;
  const env = { P: 'correct horse' };
  const checked = await signAndVerify({ ...signing, others: [...signing.others], public: 'both.crt' }, env);
  assert.ok(checked.valid, checked.detail);
  const shown = execFileSync('openssl', ['cms', '-cmsout', '-print', '-inform', 'DER', '-in', signature], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  assert.is(shown.match(/d\.issuerAndSerialNumber:/g)?.length, 2, 'two signers');
  for (const one of ['ec.crt', 'rsa.crt'])
    assert.not((await verifySignature(description, signature, { ...context, method: 'cms', public: one })).valid, one);
  const rsa = { method: 'rsa', key: 'rsa.pem', others: [{ key: 'rsa.pem' }] } as const;
  assert.is((await failureOf({ ...rsa, others: [...rsa.others] })).code, 'signing-key-mismatch');
});

/** What a company's signing service looks like from here. */
function signer(name: string, body: string): string[] {
  const path = join(work, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return [path, '{in}', '{out}'];
}
const OPENSSL_CMS = 'openssl cms -sign -in "$1" -out "$2" -outform DER -nosmimecap -binary -md sha256';

test('a command signs where the key is; its signature is verified by what devices trust', async () => {
  const byCms = signer('cms', `${OPENSSL_CMS} -signer ec.crt -inkey ec.pem`);
  assert.ok((await signAndVerify({ method: 'cms', command: byCms, public: 'ec.crt' })).valid);
  const byRsa = signer('rsa', 'openssl dgst -sha256 -sign rsa.pem -out "$2" "$1"');
  assert.ok((await signAndVerify({ method: 'rsa', command: byRsa, public: 'rsa.pub.pem' })).valid);
  assert.equal(await checkSigning({ method: 'rsa', command: byRsa, public: 'rsa.pub.pem' }, context), []);
  const withSecret = signer('secret', `[ "$TOKEN" = 7 ] && ${OPENSSL_CMS} -signer ec.crt -inkey ec.pem`);
  const signing = { method: 'cms', command: withSecret, public: 'ec.crt' } as const;
  assert.ok((await signAndVerify({ ...signing, command: [...withSecret] }, { TOKEN: '7' })).valid);
});

test('a command that fails, writes nothing, or has another key is found out before anything is built', async () => {
  const cases: Array<[string[], string, RegExp]> = [
    [signer('fails', 'echo no service >&2; exit 7'), 'signing-failed', /exit code 7\): no service/],
    [signer('idle', 'exit 0'), 'signing-failed', /wrote no signature/],
    [signer('empty', ': > "$2"'), 'signing-failed', /wrote no signature/],
    [signer('stranger', `${OPENSSL_CMS} -signer other.crt -inkey other.pem`), 'signing-key-mismatch', /does not hold/],
    [signer('garbage', 'echo garbage > "$2"'), 'signing-key-mismatch', /does not hold/],
    [[join(work, 'absent'), '{in}', '{out}'], 'signing-failed', /absent/],
  ];
  for (const [command, code, message] of cases) {
    const failure = await failureOf({ method: 'cms', command, public: 'ec.crt' });
    assert.is(failure.code, code, command[0]);
    assert.match(failure.message, message);
  }
});

test.run();
