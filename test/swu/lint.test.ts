import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lintPackage, unforgiven, type Expected, type LintContext } from '../../src/swu/lint/index.ts';
import type { Payload } from '../../src/swu/payload.ts';
import { readViews } from '../../src/swu/views.ts';

/** A sound package, and one change after the other that must be found. */
const test = suite('swu/lint');

const [BASE, IMAGE, STORED] = ['a', 'b', 'c'].map((one) => one.repeat(64)) as [string, string, string];
const selection = (to: string, from: string) => `
  images: ( { filename = "rootfs.delta.gz"; type = "rdiff_image"; device = "${to}"; compressed = "zlib";
    sha256 = "${STORED}"; properties: { rdiffbase = "${from}"; }; } );
  scripts: ( { filename = "check-base.sh"; type = "shellscript"; sha256 = "${STORED}";
      data = "${from} 900 ${BASE} ${to} 1000"; },
    { type = "readback"; device = "${to}"; properties: { sha256 = "${IMAGE}"; size = "1000"; }; } );`;
const sound = `software = { version = "0.2.0"; board: { hardware-compatibility: [ "1.0" ];
  stable: { main: {${selection('/dev/a', '/dev/b')}}; alt: {${selection('/dev/b', '/dev/a')}}; }; }; };`;
const delta: Payload = { storedAs: 'zlib', isDelta: true };
const expected: Expected = {
  version: '0.2.0',
  boards: [{ name: 'board', hardware: ['1.0'] }],
  isGuarded: true,
  selections: [
    { set: 'stable', mode: 'main' },
    { set: 'stable', mode: 'alt' },
  ],
  payloads: [
    {
      filename: 'rootfs.delta.gz',
      type: 'rdiff_image',
      base: { sha256: BASE, sizeBytes: 900 },
      image: { sha256: IMAGE, sizeBytes: 1000 },
      places: [
        { device: '/dev/a', base: '/dev/b' },
        { device: '/dev/b', base: '/dev/a' },
      ],
    },
  ],
};

const lint = (source: string, over: Partial<LintContext> = {}) =>
  lintPackage({
    description: readViews(source),
    payloads: new Map([['rootfs.delta.gz', delta]]),
    isSigned: true,
    ...over,
  });
const codes = (source: string, over: Partial<LintContext> = {}): string[] =>
  lint(source, over).map((one) => `${one.severity} ${one.code}`);
const without = (what: string | RegExp, instead = ''): string => {
  const changed = sound.replace(what, instead);
  assert.is.not(changed, sound, `nothing to replace: ${what}`);
  return changed;
};

test('a sound package has no findings, with and without a plan', () => {
  assert.equal(lint(sound), []);
  assert.equal(lint(sound, { expected }), []);
});

test('each protection that is missing, in one selection alone, is an error', () => {
  assert.equal(codes(without('type = "shellscript"', 'type = "postinstall"')), ['error swu-guard']);
  assert.equal(codes(without(BASE, 'f00')), ['error swu-guard']);
  assert.equal(codes(without('type = "readback"', 'type = "emmc_boot"')), ['error swu-readback']);
  assert.equal(codes(without('size = "1000"', 'size = "0"')), ['error swu-readback']);
  assert.equal(codes(without('compressed = ', 'installed-directly = true; compressed = ')), ['error swu-direct']);
  assert.match(
    lint(without(BASE, 'f00'))[0]?.message ?? '',
    /^board -e stable,main: nothing checks the base of rootfs/,
  );
});

test('a hook counts as a guard only with the base that it is to look for, and a script that has it', () => {
  const hooked = without('compressed = ', 'hook = "check_base"; compressed = ').replace(
    'rdiffbase = "/dev/b"',
    `rdiffbase = "/dev/b"; base-sha256 = "${BASE}"; base-size = "900"`,
  );
  const unscripted = hooked.replace('type = "shellscript"', 'type = "postinstall"');
  assert.equal(codes(unscripted), ['error swu-guard']);
  const scripted = unscripted.replace('version =', 'embedded-script = "function check_base(i) end"; version =');
  assert.equal(codes(scripted), []);
});

test('an image that is too large for the readback is not asked to be read back', () => {
  const large = sound.replaceAll(' 1000"', ` ${2 ** 32}"`).replaceAll('type = "readback"', 'type = "none"');
  assert.equal(codes(large), []);
  assert.equal(codes(large.replaceAll(` ${2 ** 32}"`, ` ${2 ** 32 - 1}"`)), [
    'error swu-readback',
    'error swu-readback',
  ]);
});

test('handlers, bases and devices that end in garbage', () => {
  assert.equal(codes(without('type = "rdiff_image"; device', 'type = "raw"; device')), [
    'error swu-handler',
    'warning swu-selection',
  ]);
  const image: Payload = { storedAs: 'zlib', isDelta: false };
  assert.ok(codes(sound, { payloads: new Map([['rootfs.delta.gz', image]]) }).includes('error swu-handler'));
  assert.ok(codes(without('rdiffbase = "/dev/b"', 'rdiffbase = "/dev/a"')).includes('error swu-base'));
  assert.ok(codes(without('rdiffbase = "/dev/b";')).includes('error swu-base'));
  assert.ok(codes(without('device = "/dev/a"; compressed', 'compressed')).includes('error swu-base'));
  const twice = without('images: (', 'images: ( { filename = "x"; device = "/dev/a"; sha256 = "' + STORED + '"; }, ');
  assert.ok(codes(twice).includes('error swu-device-twice'));
  const onBase = without('images: (', 'images: ( { filename = "x"; device = "/dev/b"; sha256 = "' + STORED + '"; }, ');
  assert.ok(codes(onBase).includes('error swu-device-twice'));
});

test('hashes, versions, hardware, payloads', () => {
  assert.ok(codes(without(`sha256 = "${STORED}"; properties`, 'properties')).includes('error swu-hash'));
  assert.ok(
    codes(without(`sha256 = "${STORED}"; properties`, 'properties'), { isSigned: false }).includes('warning swu-hash'),
  );
  assert.equal(codes(without('version = "0.2.0";')), ['error swu-version']);
  assert.equal(codes(without('"0.2.0"', '"1.0.0.70000"')), ['warning swu-version']);
  assert.equal(codes(without('"0.2.0"', '"1.0.0.65535"')), []);
  assert.equal(codes(without('hardware-compatibility: [ "1.0" ];')), ['error swu-hardware', 'error swu-hardware']);
  assert.equal(codes(without('compressed = "zlib"', 'compressed = "zstd"')), ['error swu-payload']);
  assert.equal(codes('software = { version = "1"; };'), ['error swu-selection']);
});

test('a direction that is missing is a warning, and with a plan an error', () => {
  const onlyMain = without(/alt: \{[^]*?\); *\}; \}; \}; \};$/, '}; }; };');
  assert.equal(codes(onlyMain), ['warning swu-selection']);
  assert.ok(codes(onlyMain, { expected }).includes('error swu-selection'));
});

test('ivs: one of its own for each payload', () => {
  const encrypted = (iv: string) => sound.replaceAll('compressed = ', `encrypted = true; ${iv} compressed = `);
  assert.equal(codes(encrypted(`ivt = "${'1'.repeat(32)}";`)), []);
  assert.equal(codes(encrypted('')), ['warning swu-iv', 'warning swu-iv']);
  const shared = encrypted(`ivt = "${'1'.repeat(32)}";`).replace(
    'images: (',
    `images: ( { filename = "boot.img"; device = "/dev/c"; sha256 = "${STORED}"; encrypted = true; ivt = "${'1'.repeat(
      32,
    )}"; }, `,
  );
  assert.ok(codes(shared).includes('warning swu-iv'));
});

test('the plan says more: every difference to it is an error', () => {
  const differs: Array<[from: string | RegExp, to: string, code: string]> = [
    ['"0.2.0"', '"0.3.0"', 'swu-version'],
    ['[ "1.0" ]', '[ "1.0", "2.0" ]', 'swu-hardware'],
    ['device = "/dev/a"; compressed', 'device = "/dev/c"; compressed', 'swu-base'],
    ['rdiffbase = "/dev/b"', 'rdiffbase = "/dev/c"', 'swu-base'],
    [` 900 ${BASE}`, ` 900 ${IMAGE}`, 'swu-guard'],
    [` 900 ${BASE}`, ` 901 ${BASE}`, 'swu-guard'],
    [`sha256 = "${IMAGE}"`, `sha256 = "${BASE}"`, 'swu-readback'],
    ['size = "1000"', 'size = "999"', 'swu-readback'],
    ['type = "rdiff_image"', 'type = "rdiff_file"', 'swu-handler'],
    ['filename = "rootfs.delta.gz"', 'filename = "other.delta.gz"', 'swu-selection'],
  ];
  for (const [from, to, code] of differs) {
    const errors = lint(without(from, to), { expected }).filter((one) => one.severity === 'error');
    assert.ok(
      errors.some((one) => one.code === code),
      `${code}: ${errors.map((one) => one.message).join('; ')}`,
    );
  }
});

test('a protection is left out by its name alone', () => {
  const findings = lint(without(BASE, 'f00').replace('type = "readback"', 'type = "none"'));
  assert.equal(
    unforgiven(findings, new Set(['swu-guard'])).map((one) => one.code),
    ['swu-readback'],
  );
});

test.run();
