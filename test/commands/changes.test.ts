/** Release notes of two archived versions: real images, a real clone, records as builds leave them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerChanges } from '../../src/commands/changes.ts';
import { registerReport } from '../../src/commands/report.ts';
import type { ConsistencyReport } from '../../src/core/report.ts';
import type { ArchivedFile } from '../../src/core/archive.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import type { ReleaseChanges } from '../../src/insight/changes/changes.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { lockText } from '../../src/kas/lock.ts';
import { KINDS, writeTree } from '../insight/images.ts';
import { handMade } from '../support/archive.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { configuration } from '../support/manifests.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands/changes');
const cwd = scratch('changes-command');
const here = handMade(cwd);
const changes = async (...argv: string[]): Promise<CommandRun> =>
  await runCommand(registerChanges, ['changes', ...argv], { cwd });

const SCHEMA = fileURLToPath(new URL('../../schemas/changes.schema.json', import.meta.url));
const fits = new Ajv2020({ strict: true }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);

/** A clone where kas has it, with a commit for each subject. */
function clone(...subjects: string[]): string[] {
  const dir = join(cwd, 'layers/meta-demo');
  const identity = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.com' };
  const committer = { GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.com' };
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', dir, ...args], { encoding: 'utf8', env: { ...process.env, ...identity, ...committer } });
  mkdirSync(dir, { recursive: true });
  git('init', '--quiet');
  return subjects.map((subject) => {
    git('commit', '--quiet', '--allow-empty', '--no-gpg-sign', '-m', subject);
    return git('rev-parse', 'HEAD').trim();
  });
}

const [FIRST = '', , LAST = ''] = clone('first', 'mend <the> *lid*', 'open | close the door');

const cveList = (status: string): string =>
  JSON.stringify({ version: '1', package: [{ name: 'zlib', version: '1', issue: [{ id: 'CVE-2026-1', status }] }] });

/** What a version is made of. */
interface Made {
  commit: string;
  files: Record<string, Uint8Array | string>;
  packages: string;
  licences: string;
  cve: string;
}

/** Archives a version as apply does, with an image by mksquashfs. */
function archive(version: string, { commit, files, packages, licences, cve }: Made): void {
  const tree = join(cwd, `tree-${version}`);
  writeTree(tree, files);
  if (version === '0.2.0') chmodSync(join(tree, 'usr/bin/tool'), 0o4755);
  const dir = here.version(version);
  mkdirSync(dir, { recursive: true });
  KINDS['squashfs-zstd']?.(tree, join(cwd, 'image'));
  const archived: ArchivedFile[] = [];
  const add = (role: ArchivedFile['role'], path: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
    archived.push({ path, role, ...(role === 'image' ? { partition: 'rootfs' } : {}), ...digestBytes(bytes) });
  };
  const image = readFileSync(join(cwd, 'image'));
  add('image', 'rootfs.squashfs', image);
  add('packages', 'records/packages/image-board.manifest', packages);
  add('licenses', 'records/licenses/license.manifest', licences);
  add('cves', 'records/cves/image-board.json', cve);
  const url = 'https://ci:hidden@github.com/team/meta-demo.git';
  const repositories = [{ name: 'meta-demo', path: 'layers/meta-demo', url, commit }];
  const lock = { schema: 1 as const, version, workDir: '.', repositories, files: [], problems: [], tools: {} };
  add('lock', 'kas-lock.json', lockText(lock));
  const settings = configuration({ MACHINE: 'board', DISTRO_FEATURES: version });
  // The last of the chain is generated, and named by the version.
  const chain = [...settings.chain, `.release-plan/kas/${version}.yml`];
  here.archive(version, {
    files: archived,
    configuration: { ...settings, chain, layers: { 'layers/meta-demo': commit } },
  });
  writeFileSync(join(dir, 'rootfs.squashfs'), image);
}

const licence = (name: string, text: string): string =>
  `PACKAGE NAME: ${name}\nPACKAGE VERSION: 1\nRECIPE NAME: ${name}\nLICENSE: ${text}\n\n`;

archive('0.1.0', {
  commit: FIRST,
  files: { 'usr/bin/tool': noise(40_000, 1), 'etc/old': 'old', 'lib/modules/6.6.1/modules.dep': '' },
  packages: 'zlib core2-64 1.3-r0\nold core2-64 1-r0\nkernel-6.6.1 board 6.6.1-r0\n',
  licences: licence('zlib', 'Zlib') + licence('old', 'MIT'),
  cve: cveList('Unpatched'),
});
archive('0.2.0', {
  commit: LAST,
  files: { 'usr/bin/tool': noise(40_000, 1), 'etc/new|<b>': 'new', 'lib/modules/6.6.2/modules.dep': '' },
  packages: 'zlib core2-64 1.3.1-r0\nnew core2-64 2-r0\nkernel-6.6.2 board 6.6.2-r0\n',
  licences: licence('zlib', 'Zlib') + licence('new', 'GPL-3.0-only'),
  cve: cveList('Patched'),
});

async function documentOf(...argv: string[]): Promise<ReleaseChanges> {
  const ran = await changes('plan.yml', '0.1.0', '0.2.0', '--format', 'json', ...argv);
  assert.is(ran.exitCode, 0, String(ran.failure));
  const document = JSON.parse(ran.stdout) as ReleaseChanges;
  assert.ok(fits(document), JSON.stringify(fits.errors));
  return document;
}

test('everything that differs, for programs', async () => {
  const { layers, packages, kernel, configuration: settings, partitions, cves } = await documentOf();
  const [layer] = layers;
  assert.equal(
    [layer?.layer, layer?.from, layer?.to, layer?.remote, layer?.link],
    [
      'meta-demo',
      FIRST,
      LAST,
      'https://github.com/team/meta-demo.git',
      `https://github.com/team/meta-demo/compare/${FIRST}...${LAST}`,
    ],
  );
  assert.equal([layer?.commits?.added, layer?.commits?.dropped], [2, 0]);
  assert.equal(layer?.commits?.list[0], {
    commit: LAST,
    subject: 'open | close the door',
    link: `https://github.com/team/meta-demo/commit/${LAST}`,
  });
  assert.equal(packages, {
    source: 'package-manifest',
    licenceSource: 'license-manifest',
    added: [{ name: 'new', version: '2-r0', licence: 'GPL-3.0-only' }],
    removed: [{ name: 'old', version: '1-r0', licence: 'MIT' }],
    upgraded: [
      { name: 'kernel', from: '6.6.1-r0', to: '6.6.2-r0' },
      { name: 'zlib', from: '1.3-r0', to: '1.3.1-r0', licence: 'Zlib' },
    ],
    relicensed: [],
  });
  assert.equal(kernel, { from: ['6.6.1'], to: ['6.6.2'], options: null });
  assert.equal(settings, { settings: ['DISTRO_FEATURES'], chain: null, kas: null });
  assert.equal(
    cves?.fixed.map(({ id, now }) => [id, now]),
    [['CVE-2026-1', 'Patched']],
  );
  const [rootfs] = partitions;
  const tool = rootfs?.files?.changed.find(({ path }) => path === '/usr/bin/tool');
  assert.equal([tool?.differs, tool?.from.mode, tool?.to.mode], [['mode'], '0644', '4755']);
  assert.ok(rootfs?.files?.added.some(({ path }) => path === '/etc/new|<b>'));
});

test('release notes: what others wrote is text, not markup', async () => {
  const ran = await changes('plan.yml', '0.1.0', '0.2.0');
  assert.is(ran.exitCode, 0, String(ran.failure));
  const lines = ran.stdout.split('\n');
  assert.is(lines[0], '# Changes from 0.1.0 to 0.2.0');
  const holds = (line: string): void => assert.ok(lines.includes(line), `${line}\nnot in\n${ran.stdout}`);
  const short = (commit: string): string => `\`${commit.slice(0, 12)}\``;
  const compare = `https://github.com/team/meta-demo/compare/${FIRST}...${LAST}`;
  holds('- Packages: 2 with another version, 1 added, 1 removed, 0 with another licence.');
  holds('- Vulnerabilities: 1 fixed, 0 new, 0 remain.');
  holds(`| meta-demo | ${short(FIRST)} | ${short(LAST)} | [2 commits](${compare}) |`);
  holds(`- open \\| close the door ([${short(LAST)}](https://github.com/team/meta-demo/commit/${LAST}))`);
  assert.match(ran.stdout, '- mend &lt;the> \\*lid\\* ([`');
  holds('| new | 2-r0 | GPL-3.0-only |');
  holds('From `6.6.1` to `6.6.2`.');
  holds('- Other values of `DISTRO_FEATURES`');
  assert.match(ran.stdout, /\| `\/usr\/bin\/tool` \| mode \| 39\.1 KiB \| 0644 -> 4755 \|/);
  assert.match(ran.stdout, '| `/etc/new\\|<b>` | 3 B | 0644 |');
  assert.not.match(ran.stdout, 'hidden');
});

test('without opening images', async () => {
  const found = await documentOf('--no-files');
  assert.equal([found.partitions[0]?.files, found.kernel.from], [null, []]);
  assert.is(found.packages?.upgraded.length, 2);
});

test('a file, written atomically, and only there', async () => {
  const ran = await changes('plan.yml', '0.1.0', '0.2.0', '--no-files', '--output', 'NOTES.md');
  assert.equal([ran.exitCode, ran.stdout], [0, '']);
  assert.match(readFileSync(join(cwd, 'NOTES.md'), 'utf8'), /^# Changes from 0\.1\.0 to 0\.2\.0\n/);
});

test('the same version twice, and the way back', async () => {
  const same = await changes('plan.yml', '0.2.0', '0.2.0');
  assert.match(same.stdout, /- No layer changed\.\n- Packages: 0 with another version, 0 added/);
  assert.not.match(same.stdout, '\n## ');
  const back = await changes('plan.yml', '0.2.0', '0.1.0');
  assert.match(back.stdout, '[0 commits, 2 dropped](https');
  assert.match(back.stdout, 'Vulnerabilities: 0 fixed, 1 new, 0 remain.');
});

test('the report has it in short, without opening images', async () => {
  const planned = { versions: [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.2.0' }] };
  here.write({ ...planned, deltas: [{ to: '0.2.0', from: { tag: 'promoted' } }] });
  const report = async (format: string): Promise<string> =>
    (await runCommand(registerReport, ['report', 'plan.yml', '--format', format], { cwd })).stdout;
  assert.equal((JSON.parse(await report('json')) as ConsistencyReport).changes, [
    {
      from: '0.1.0',
      to: '0.2.0',
      layers: [{ layer: 'layers/meta-demo', from: FIRST, to: LAST }],
      packages: { added: 1, removed: 1, upgraded: 2 },
    },
  ]);
  assert.match(await report('markdown'), '| 0.1.0 -> 0.2.0 | layers/meta-demo | 2 changed, 1 added, 1 removed |');
});

test('wrong usage, unknown versions, altered records', async () => {
  const refused = async (...argv: string[]): Promise<[code: string, hint: string]> => {
    const { failure } = await changes(...argv);
    assert.instance(failure, ReleasePlanError, String(failure));
    const { code, hint } = failure as ReleasePlanError;
    return [code, hint ?? ''];
  };
  assert.equal(await refused('plan.yml', '0.1.0', '0.2.1'), ['archive-missing', 'Did you mean "0.2.0"?']);
  assert.is((await refused('plan.yml', '0.1.0', '../0.2.0'))[0], 'archive-missing');
  assert.is((await refused('plan.yml', '0.1.0', '0.2.0', '--output', '.'))[0], 'usage');
  assert.is((await refused('plan.yml', '0.1.0', '0.2.0', '--output', 'plan.yml'))[0], 'usage');
  assert.match((await changes('plan.yml', '0.1.0', '0.2.0', '--format', 'pdf')).complaint, /Allowed choices are/);
  writeFileSync(
    join(cwd, 'ostree.yml'),
    'schema: 1\nproduct: lmp\nmachine: rpi\ndistro: lmp\nimage: image\nostree: { repo: repo, branch: lmp }\n' +
      'targets: targets.json\ndeltas: [{ to: "9", from: { previous: 1 } }]\n',
  );
  assert.equal(await refused('ostree.yml', '8', '9'), [
    'usage',
    'Compare commits in their repository; `changes` compares archived images.',
  ]);
  const record = join(here.version('0.1.0'), 'records/packages/image-board.manifest');
  const text = readFileSync(record, 'utf8');
  writeFileSync(record, text.replace('zlib', 'zlob'));
  assert.is((await refused('plan.yml', '0.1.0', '0.2.0', '--output', 'never'))[0], 'archive-damaged');
  assert.not(existsSync(join(cwd, 'never')));
  writeFileSync(record, text);
  const image = join(here.version('0.1.0'), 'rootfs.squashfs');
  const bytes = readFileSync(image);
  writeFileSync(image, Buffer.concat([bytes.subarray(0, 96), Buffer.alloc(bytes.length - 96, 255)]));
  assert.is((await refused('plan.yml', '0.1.0', '0.2.0'))[0], 'image-corrupt');
  writeFileSync(image, bytes);
});

test.run();
