import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Code } from '../../src/core/codes/index.ts';
import { describeConfiguration, requirePlanned } from '../../src/kas/configuration.ts';
import { layersOf, settingsOf } from '../../src/kas/settings.ts';
import { differingSettings } from '../../src/report/pair.ts';
import { scratch } from '../support/scratch.ts';
import { failsWith } from './expect.ts';

const test = suite('kas: configuration');
const planned = { version: '0.1.0', machine: 'demo', distro: 'prod', override: 'buildinfo' };
const CONF =
  '# buildinfo\nBUILD_VERSION = "0.1.0"\n\n# image\nIMAGE_FSTYPES = "squashfs"\n\nMACHINE ??= ' +
  '"demo"\nDISTRO ??= "prod"\n';

test('the planned literal, for the planned machine and distro, is all that passes', () => {
  requirePlanned(CONF, planned, 'local.conf');
  requirePlanned(`# aa\nBUILD_VERSION ?= "9"\n${CONF}`, planned, 'local.conf');
});

const refused: Array<[what: string, conf: string, code: Code, words: string]> = [
  ['nothing sets it', 'MACHINE ??= "demo"\nDISTRO ??= "prod"\n', 'kas-order', 'local.conf does not set BUILD_VERSION'],
  [
    'our id says something else',
    CONF.replace('0.1.0', 'dev'),
    'kas-order',
    'local.conf:2 (local_conf_header "buildinfo") sets BUILD_VERSION to "dev"',
  ],
  [
    'a later id sets it',
    `${CONF}# zz\nBUILD_VERSION = "9"\n`,
    'kas-version-overridden',
    'local.conf:10 (local_conf_header "zz") sets BUILD_VERSION to "9"',
  ],
  [
    'a later id appends',
    `${CONF}# zz\nBUILD_VERSION:append = "-dirty"\n`,
    'kas-version-overridden',
    'local.conf:10 (local_conf_header "zz") ' +
      'changes the planned BUILD_VERSION 0.1.0: BUILD_VERSION:append = "-dirty"',
  ],
  [
    'an earlier id appends',
    `# aa\nBUILD_VERSION_append = "x"\n${CONF}`,
    'kas-version-overridden',
    'local.conf:2 (local_conf_header "aa") changes',
  ],
  ['the machine has its own', `${CONF}BUILD_VERSION:demo = "x"\n`, 'kas-version-overridden', 'BUILD_VERSION:demo'],
  [
    'another machine',
    CONF.replace('??= "demo"', '??= "qemu"'),
    'kas-settings-differ',
    'the plan sets MACHINE to demo, but the kas files differ: machine: qemu',
  ],
  [
    'a header sets the distro',
    `# zz\nDISTRO = "dev"\n${CONF}`,
    'kas-settings-differ',
    'local.conf:2 (local_conf_header "zz"): DISTRO = "dev"',
  ],
  ['no machine', CONF.replace(/MACHINE.*/, ''), 'kas-settings-differ', 'local.conf does not set it'],
];

for (const [what, conf, code, words] of refused) {
  test(`refused: ${what}`, async () => {
    const error = await failsWith(code, () => requirePlanned(conf, planned, 'local.conf'));
    assert.match(error.message, words);
  });
}

const LAYERS =
  'BBLAYERS ?= " \\\n    ${TOPDIR}/../layers/core \\\n    ${TOPDIR}/../layers/meta-demo"\nBBPATH ?= "${TOPDIR}"\n';
const settings = (localConf: string, top = '/a', buildDir = `${top}/build`): Record<string, string> =>
  settingsOf({
    localConf,
    bblayersConf: LAYERS.replaceAll('${TOPDIR}/..', buildDir === `${top}/build` ? '${TOPDIR}/..' : top),
    topDir: buildDir,
    workDir: top,
    mounts: [],
  });

test('version, comments, layer places and where things are downloaded make no difference', () => {
  const same = [
    settings(CONF),
    settings(CONF.replace('0.1.0', '0.2.0')),
    settings(`# a remark\n${CONF}DL_DIR = "/home/me/dl"\nPARALLEL_MAKE = "-j 8"\n`),
    settings(CONF, '/elsewhere/checkout'),
    settings(CONF, '/a', '/scratch/build'),
  ];
  for (const one of same) assert.equal(differingSettings(same[0] ?? {}, one), []);
});

test('what differs is named', () => {
  const base = { settings: settings(CONF) };
  const names = (conf: string): string[] => differingSettings(base.settings, settings(conf));
  assert.equal(names(CONF.replace('squashfs', 'ext4')), ['IMAGE_FSTYPES']);
  assert.equal(names(`${CONF}IMAGE_INSTALL:append = " gdb"\nrequire debug.inc\n`), [
    'IMAGE_INSTALL:append',
    'require debug.inc',
  ]);
  assert.equal(names(`${CONF}IMAGE_FSTYPES += "tar"\n`), ['IMAGE_FSTYPES']);
  const without = settingsOf({
    localConf: CONF,
    bblayersConf: LAYERS.replace(/\S*meta-demo/, ''),
    topDir: '/a/build',
    workDir: '/a',
    mounts: [],
  });
  assert.equal(differingSettings(base.settings, without), ['layer layers/meta-demo']);
});

test('layers of a container are named as this machine has them', () => {
  const mounts = [
    ['/work', '/a'],
    ['/repo', '/a/product'],
  ] as const;
  const bblayersConf = 'BBLAYERS ?= "${TOPDIR}/../work/layers/core ${TOPDIR}/../repo/meta-demo /opt/meta-x"\n';
  assert.equal(layersOf({ localConf: '', bblayersConf, topDir: '/build', workDir: '/a', mounts }), [
    '/a/layers/core',
    '/a/product/meta-demo',
    '/opt/meta-x',
  ]);
});

test('variables that kas passes on count, by their value at the time', () => {
  const files = { localConf: CONF, bblayersConf: LAYERS, topDir: '/a/build', workDir: '/a', mounts: [] };
  const before = {
    settings: settingsOf(
      files,
      new Map([
        ['FEATURE', 'on'],
        ['DL_DIR', '/a'],
      ]),
    ),
  };
  const after = {
    settings: settingsOf(
      files,
      new Map([
        ['FEATURE', 'off'],
        ['DL_DIR', '/b'],
      ]),
    ),
  };
  assert.equal(differingSettings(before.settings, after.settings), ['env FEATURE']);
});

test('values do not stand in the record', () => {
  assert.not.match(JSON.stringify(settings(`${CONF}HUB_TOKEN = "s3cret"\n`)), 's3cret');
});

test('layers have the commit of their repository, and are known as dirty when tracked files changed', async () => {
  const workDir = scratch('layers');
  const layer = join(workDir, 'layers/meta-demo');
  mkdirSync(join(layer, 'conf'), { recursive: true });
  mkdirSync(join(workDir, 'layers/core'));
  mkdirSync(join(workDir, 'kas'));
  writeFileSync(join(workDir, 'kas/a.yml'), 'header: {version: 1}\n');
  writeFileSync(join(layer, 'conf/layer.conf'), 'A = "1"\n');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', layer, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      encoding: 'utf8',
    }).trim();
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  const files = { localConf: CONF, bblayersConf: LAYERS, topDir: join(workDir, 'build'), workDir, mounts: [] };
  assert.equal(layersOf(files), [join(workDir, 'layers/core'), layer]);
  const describe = () =>
    describeConfiguration(files, {
      chain: { files: [join(workDir, 'kas/a.yml')], argument: 'kas/a.yml' },
      planDir: workDir,
      env: {},
      kas: 'kas 3.1',
    });
  const clean = await describe();
  assert.equal(clean.layers, { 'layers/meta-demo': git('rev-parse', 'HEAD') });
  assert.equal([clean.chain, clean.kas, clean.digest.length], [['kas/a.yml'], 'kas 3.1', 64]);
  writeFileSync(join(layer, 'conf/layer.conf'), 'A = "2"\n');
  assert.match((await describe()).layers['layers/meta-demo'] ?? '', /-dirty$/);
});

test.run();
