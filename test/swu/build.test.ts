import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReleasePlanError } from '../../src/core/errors.ts';
import { digestBytes } from '../../src/io/hash.ts';
import type { SwuSettings } from '../../src/core/plan.ts';
import { buildSwu, type SwuPartition, type SwuRequest } from '../../src/swu/build.ts';
import { openSwu } from '../../src/swu/open.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';
import {
  deltaPartition,
  makeRelease,
  requestFor,
  swupdate,
  SWU,
  type ClientRun,
  type Release,
} from '../support/swupdate.ts';

/**
 * Every package here goes through Debian's swupdate 2022.12, onto plain files
 * as slots. It verifies only CMS signatures; rsa and rsa-pss are verified by
 * openssl in sign.test.ts.
 */
const test = suite('swu/build, on the real swupdate');

const SLOT_BYTES = 4 * 1024 * 1024;
const work = scratch('swu-build');
const keys = makeKeys('swu-build-keys').dir;
const release: Release = makeRelease(work);
const swu: SwuSettings = SWU;

let devices = 0;

/** A device with two slots: the base stands in one, rubbish in the other. */
interface Device {
  dir: string;
  slots: { a: string; b: string };
}

function device(baseIn: 'a' | 'b', base: Buffer = release.base): Device {
  devices += 1;
  const dir = join(work, `device-${devices}`);
  mkdirSync(dir);
  const slots = { a: join(dir, 'slot-a'), b: join(dir, 'slot-b') };
  for (const slot of ['a', 'b'] as const) {
    writeFileSync(slots[slot], slot === baseIn ? base : Buffer.alloc(SLOT_BYTES, 0x5a));
    truncateSync(slots[slot], SLOT_BYTES);
  }
  return { dir, slots };
}

const head = (path: string, bytes: number): Buffer => readFileSync(path).subarray(0, bytes);
const holdsTarget = (path: string): boolean => head(path, release.target.length).equals(release.target);
const untouched = (path: string): boolean => readFileSync(path).equals(Buffer.alloc(SLOT_BYTES, 0x5a));

async function make(on: Device, over: Partial<SwuRequest> = {}, partition: Partial<SwuPartition> = {}) {
  const out = join(on.dir, 'update.swu');
  const rootfs = { ...deltaPartition(release, { slots: on.slots }), ...partition };
  return { out, built: await buildSwu(requestFor(keys, out, [rootfs], over)) };
}

const install = (on: Device, out: string, select: string, certificate = 'ec.crt'): Promise<ClientRun> =>
  swupdate(on.dir, out, join(keys, certificate), { select });

for (const [select, from, to] of [
  ['stable,main', 'b', 'a'],
  ['stable,alt', 'a', 'b'],
] as const) {
  test(`-e ${select} writes slot ${to} from the base in slot ${from}, bit for bit`, async () => {
    const on = device(from);
    const { out } = await make(on);
    const { exitCode, log } = await install(on, out, select);
    assert.is(exitCode, 0, log);
    assert.ok(holdsTarget(on.slots[to]));
    assert.ok(head(on.slots[from], release.base.length).equals(release.base), 'the base stays as it is');
  });
}

for (const compression of ['zstd', 'none'] as const) {
  test(`a delta with compression ${compression} installs`, async () => {
    const on = device('b');
    const { out, built } = await make(on, {}, deltaPartition(release, { slots: on.slots }, compression));
    assert.ok(built.members.includes(compression === 'zstd' ? 'rootfs.delta.zst' : 'rootfs.delta'));
    const { exitCode, log } = await install(on, out, 'stable,main');
    assert.is(exitCode, 0, log);
    assert.ok(holdsTarget(on.slots.a));
  });
}

test('the Lua guard lets the right base pass', async () => {
  const on = device('b');
  const { out, built } = await make(on, { swu: { ...swu, guard: 'lua' } });
  assert.not(built.members.includes('check-base.sh'));
  const { exitCode, log } = await install(on, out, 'stable,main');
  assert.is(exitCode, 0, log);
  assert.ok(holdsTarget(on.slots.a));
});

const wrong = Buffer.from(release.base);
wrong.writeUInt8(wrong.readUInt8(1_500_000) ^ 1, 1_500_000);

for (const guard of ['shell', 'lua'] as const) {
  test(`the ${guard} guard refuses a base with one wrong bit and leaves the target untouched`, async () => {
    const on = device('b', wrong);
    const { out } = await make(on, { swu: { ...swu, guard } });
    const { exitCode, log } = await install(on, out, 'stable,main');
    assert.is.not(exitCode, 0);
    assert.match(log, /check-base: the base .*slot-b has sha256/);
    assert.ok(untouched(on.slots.a));
  });

  test(`the ${guard} guard refuses a base that is too short`, async () => {
    const on = device('b');
    truncateSync(on.slots.b, 2_000_000);
    const { out } = await make(on, { swu: { ...swu, guard } });
    const { exitCode, log } = await install(on, out, 'stable,main');
    assert.is.not(exitCode, 0);
    assert.match(log, /has 2000000 of 3000000 bytes/);
    assert.ok(untouched(on.slots.a));
  });
}

test('a target that does not exist is refused by both guards; SWUpdate would make a file of that name', async () => {
  for (const guard of ['shell', 'lua'] as const) {
    const on = device('b');
    unlinkSync(on.slots.a);
    const { out } = await make(on, { swu: { ...swu, guard } });
    const { exitCode, log } = await install(on, out, 'stable,main');
    assert.is.not(exitCode, 0);
    assert.match(log, /the target .*slot-a does not exist/);
    assert.not(existsSync(on.slots.a));
  }
});

test('the Lua guard refuses in a check (-c) too, which the shell guard cannot', async () => {
  for (const [guard, expected] of [
    ['lua', 1],
    ['shell', 0],
  ] as const) {
    const on = device('b', wrong);
    const { out } = await make(on, { swu: { ...swu, guard } });
    assert.is(
      (await swupdate(on.dir, out, join(keys, 'ec.crt'), { select: 'stable,main', mode: 'check' })).exitCode,
      expected,
    );
  }
});

test('without a guard the readback still notices what a wrong base made, but only afterwards', async () => {
  const on = device('b', wrong);
  const { out } = await make(on, { swu: { ...swu, guard: 'none' } });
  const { exitCode, log } = await install(on, out, 'stable,main');
  assert.is.not(exitCode, 0);
  assert.match(log, /Readback verification failed/);
  assert.not(untouched(on.slots.a), 'this is what the guard is for');
});

test('a delta that was cut short, with a right sha256, is caught by the readback', async () => {
  const on = device('b');
  // librsync's client takes the end of the file for the end of the delta.
  const cut = join(on.dir, 'cut.delta');
  writeFileSync(cut, readFileSync(release.paths.delta).subarray(0, release.deltaBytes - 40_000));
  const { out } = await make(
    on,
    {},
    { payload: cut, compression: 'none', decompressedSizeBytes: release.deltaBytes - 40_000 },
  );
  const { exitCode, log } = await install(on, out, 'stable,main');
  assert.is.not(exitCode, 0);
  assert.match(log, /Readback verification failed/);
});

test('a flipped byte in the delta is refused with the target untouched', async () => {
  const on = device('b');
  const { out } = await make(on);
  const bytes = readFileSync(out);
  const at = bytes.indexOf(readFileSync(release.paths.deltaGz)) + 5000;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  writeFileSync(out, bytes);
  const { exitCode } = await install(on, out, 'stable,main');
  assert.is.not(exitCode, 0);
  assert.ok(untouched(on.slots.a));
});

test('a key that the device does not trust is refused, by it and by openSwu', async () => {
  const on = device('b');
  const { out } = await make(on, { signing: { method: 'cms', key: 'other.pem', cert: 'other.crt' } });
  const { exitCode } = await install(on, out, 'stable,main');
  assert.is.not(exitCode, 0);
  assert.ok(untouched(on.slots.a));
  const { checks } = await openSwu(out, {
    workDir: join(on.dir, 'open'),
    trust: { method: 'cms', public: 'ec.crt', env: {}, planDir: keys },
  });
  assert.is(checks.find((one) => one.check === 'signature')?.result, 'fail');
});

test('an expired certificate is refused by the device, and by buildSwu before that', async () => {
  const on = device('b');
  const signing = { method: 'cms', key: 'ec.pem', cert: 'expired.crt' } as const;
  const failure = await make(on, { signing }).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.is((failure as ReleasePlanError | undefined)?.code, 'certificate-expired');
  assert.equal(readdirSync(on.dir).toSorted(), ['slot-a', 'slot-b'], 'nothing is left of it');
  const { out } = await make(on, {
    signing,
    context: { env: {}, planDir: keys, now: new Date('2019-06-01T00:00:00Z') },
  });
  assert.is.not((await install(on, out, 'stable,main', 'expired.crt')).exitCode, 0);
  assert.ok(untouched(on.slots.a));
});

test('a certificate for codeSigning alone installs with --cert-purpose codeSigning, and openSwu says so', async () => {
  const on = device('b');
  const { out } = await make(on, { signing: { method: 'cms', key: 'rsa.pem', cert: 'code.crt' } });
  assert.is.not((await install(on, out, 'stable,main', 'code.crt')).exitCode, 0);
  const { exitCode, log } = await swupdate(on.dir, out, join(keys, 'code.crt'), {
    select: 'stable,main',
    more: ['--cert-purpose', 'codeSigning'],
  });
  assert.is(exitCode, 0, log);
  const { checks } = await openSwu(out, {
    workDir: join(on.dir, 'open'),
    trust: { method: 'cms', public: 'code.crt', env: {}, planDir: keys },
  });
  const signature = checks.find((one) => one.check === 'signature');
  assert.is(signature?.result, 'pass');
  assert.match(signature?.detail ?? '', /--cert-purpose codeSigning/);
});

test('two guarded deltas share one script and one install, beside a whole image', async () => {
  const on = device('b');
  const second = device('b');
  const boot = { image: Buffer.alloc(300_000, 'boot'), device: join(on.dir, 'boot') };
  writeFileSync(boot.device, Buffer.alloc(400_000));
  writeFileSync(join(on.dir, 'boot.img'), boot.image);
  execFileSync('zstd', ['-q', join(on.dir, 'boot.img')]);
  const partitions: SwuPartition[] = [
    deltaPartition(release, { slots: on.slots }),
    { ...deltaPartition(release, { slots: second.slots }, 'zstd'), name: 'data' },
    {
      name: 'boot',
      type: 'block',
      target: { device: boot.device },
      delta: undefined,
      payload: join(on.dir, 'boot.img.zst'),
      compression: 'zstd',
      decompressedSizeBytes: boot.image.length,
      image: digestBytes(boot.image),
    },
  ];
  const out = join(on.dir, 'update.swu');
  const built = await buildSwu(requestFor(keys, out, partitions));
  assert.equal(built.members, [
    'sw-description',
    'sw-description.sig',
    'check-base.sh',
    'rootfs.delta.gz',
    'data.delta.zst',
    'boot.img.zst',
    'padding',
  ]);
  const good = await install(on, out, 'stable,main');
  assert.is(good.exitCode, 0, good.log);
  assert.ok(holdsTarget(on.slots.a) && holdsTarget(second.slots.a));
  assert.ok(head(boot.device, boot.image.length).equals(boot.image));

  // The base of the second partition alone is wrong: nothing at all is written.
  for (const one of [on, second]) writeFileSync(one.slots.a, Buffer.alloc(SLOT_BYTES, 0x5a));
  copyFileSync(second.slots.a, second.slots.b);
  const bad = await install(on, out, 'stable,main');
  assert.is.not(bad.exitCode, 0);
  assert.ok(untouched(on.slots.a) && untouched(second.slots.a));
});

test('without slots it installs without a selection', async () => {
  const on = device('b');
  const { out } = await make(on, {}, { target: { device: on.slots.a, base: on.slots.b } });
  const { exitCode, log } = await swupdate(on.dir, out, join(keys, 'ec.crt'));
  assert.is(exitCode, 0, log);
  assert.ok(holdsTarget(on.slots.a));
});

test('small packages are padded, and old clients then succeed every time', async () => {
  const on = device('b');
  const { out, built } = await make(on);
  assert.is(built.members.at(-1), 'padding');
  assert.ok(built.sizeBytes > 600 * 1024);
  const runs = await Promise.all(
    Array.from({ length: 12 }, () =>
      swupdate(on.dir, out, join(keys, 'ec.crt'), { select: 'stable,main', mode: 'check' }),
    ),
  );
  assert.equal(
    runs.map((one) => one.exitCode),
    Array.from({ length: 12 }, () => 0),
  );
});

/** Has the names of SWUpdate's socket for messages for three seconds, but for those that others have. */
const HOLDER = `
import socket, time
held = []
for number in range(20):
    name = b'\\0NotifyServer' + (bytes([ord('0') + number]) if number else b'')
    held.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    try:
        held[-1].bind(name.ljust(108, b'\\0'))
    except OSError:
        pass
print('taken', flush=True)
time.sleep(3)
`;

test('many clients at once on a machine are waited for: their socket for messages has but eleven names', async () => {
  const on = device('b');
  const { out } = await make(on);
  const others = spawn('timeout', ['60', 'python3', '-c', HOLDER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(others, 'exit');
  await Promise.race([once(others.stdout, 'data'), ended]);
  const { exitCode, log } = await swupdate(on.dir, out, join(keys, 'ec.crt'), { select: 'stable,main', mode: 'check' });
  assert.is(exitCode, 0, log);
  assert.equal(await ended, [0, null]);
});

test('boot loader variables are written after a good install, and not after a refused one', async () => {
  for (const base of [release.base, wrong]) {
    const on = device('b', base);
    const { out } = await make(on, { swu: { ...swu, bootenv: { bootslot: '{slot}', note: 'a "quoted" value' } } });
    const etc = join(on.dir, 'etc');
    mkdirSync(etc);
    copyFileSync('/etc/ld.so.cache', join(etc, 'ld.so.cache'));
    writeFileSync(join(on.dir, 'env'), Buffer.alloc(0x4000, 0xff));
    writeFileSync(join(etc, 'fw_env.config'), `${join(on.dir, 'env')} 0x0 0x4000\n`);
    writeFileSync(join(etc, 'u-boot-initial-env'), 'bootslot=b\n');
    // swupdate knows /etc/fw_env.config alone; a private /etc leaves the machine's own untouched.
    const wrap = [
      'unshare',
      ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
      '--mount',
      'sh',
      '-c',
      'mount --bind "$0" /etc && exec "$@"',
      etc,
    ];
    const { exitCode, log } = await swupdate(on.dir, out, join(keys, 'ec.crt'), {
      select: 'stable,main',
      wrap,
      more: ['-B', 'uboot', '-M', '-m'],
    });
    const environment = readFileSync(join(on.dir, 'env'), 'latin1');
    if (base === release.base) {
      assert.is(exitCode, 0, log);
      assert.ok(environment.includes('bootslot=a\0') && environment.includes('note=a "quoted" value\0'));
    } else {
      assert.is.not(exitCode, 0);
      assert.not(environment.includes('bootslot='));
    }
  }
});

test(
  'equal requests give equal bytes with an rsa signature, whatever the clock; SOURCE_DATE_EPOCH is the time of ' +
    'every member',
  async () => {
    const on = device('b');
    const signing = { method: 'rsa', key: 'rsa.pem', public: 'rsa.pub.pem' } as const;
    const first = await make(on, { signing });
    const bytes = readFileSync(first.out);
    assert.ok(readFileSync((await make(on, { signing })).out).equals(bytes));
    const dated = await make(on, { signing, context: { env: { SOURCE_DATE_EPOCH: '1700000000' }, planDir: keys } });
    const listing = execFileSync('cpio', ['-tv', '--quiet'], {
      input: readFileSync(dated.out),
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
    });
    assert.match(listing, /Nov 14  2023 sw-description/);
  },
);

test('what it made opens with every check passed', async () => {
  const on = device('b');
  const { out, built } = await make(on);
  const { checks, members } = await openSwu(out, {
    workDir: join(on.dir, 'open'),
    version: '0.2.0',
    trust: { method: 'cms', public: 'ec.crt', env: {}, planDir: keys },
  });
  assert.equal(
    checks.map((one) => [one.check, one.result]),
    ['archive', 'checksums', 'signature', 'description', 'version', 'members'].map((name) => [name, 'pass']),
  );
  assert.equal(
    members.map((one) => one.name),
    built.members,
  );
});

test.run();
