/** The folders that the images are made of. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { BenchSettings } from './bench.ts';

export interface Trees {
  old: string;
  new: string;
}

/**
 * What the root file system holds besides Debian's minimal base: an 800 MB system of programs that see security
 * updates.
 * No kernel: an upgrade would leave the old one beside the new, which no image has.
 */
const PACKAGES = [
  'systemd',
  'python3',
  'perl',
  'openssl',
  'curl',
  'git',
  'openssh-server',
  'nginx',
  'gcc',
  'vim',
  'sqlite3',
  'gnupg',
  'bind9-dnsutils',
  'ghostscript',
  'imagemagick',
  'libavcodec59',
  'poppler-utils',
];

interface Archive {
  site: string;
  suite: string;
}

/** This machine's own Debian archives: no host is named here. */
function archives(): Archive[] {
  const lines = execFileSync(
    'apt-get',
    ['indextargets', '--format', '$(CREATED_BY) $(ORIGIN) $(COMPONENT) $(SITE) $(RELEASE)'],
    { encoding: 'utf8' },
  ).split('\n');
  return lines
    .map((line) => line.split(' '))
    .flatMap(([kind, origin, component, site, suite]) =>
      kind === 'Packages' && origin === 'Debian' && component === 'main' && site !== undefined && suite !== undefined
        ? [{ site, suite }]
        : [],
    );
}

/**
 * Debian's release as it came out (the release suite alone), and the same
 * after all security updates. Needs root and Debian's archive; takes minutes.
 */
export function makeDebianTrees(dir: string, settings: BenchSettings): Trees {
  const trees: Trees = { old: join(dir, 'old'), new: join(dir, 'new') };
  const [release, ...updates] = archives().sort((a, b) => a.suite.length - b.suite.length);
  if (release === undefined) throw new Error('apt knows no Debian archive: run `apt-get update`');
  if (!existsSync(trees.old)) {
    const staging = `${trees.old}.part`;
    rmSync(staging, { recursive: true, force: true });
    settings.note(`debootstrap ${release.suite}, ${PACKAGES.length} packages and what they need`);
    execFileSync(
      'debootstrap',
      ['--variant=minbase', `--include=${PACKAGES.join(',')}`, release.suite, staging, release.site],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    clean(staging);
    renameSync(staging, trees.old);
  }
  if (!existsSync(trees.new)) {
    const staging = `${trees.new}.part`;
    rmSync(staging, { recursive: true, force: true });
    execFileSync('cp', ['-a', trees.old, staging]);
    settings.note('upgrade in a chroot');
    writeFileSync(
      join(staging, 'etc/apt/sources.list'),
      [release, ...updates].map(({ site, suite }) => `deb ${site} ${suite} main\n`).join(''),
    );
    copyFileSync('/etc/resolv.conf', join(staging, 'etc/resolv.conf'));
    const options = ['-o', 'Acquire::Languages=none', '-o', 'Dpkg::Options::=--force-confold'];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('chroot', [staging, 'apt-get', ...options, 'update'], { stdio: 'ignore', env });
    execFileSync('chroot', [staging, 'apt-get', ...options, '-y', 'dist-upgrade'], { stdio: 'ignore', env });
    copyFileSync(join(trees.old, 'etc/apt/sources.list'), join(staging, 'etc/apt/sources.list'));
    clean(staging);
    renameSync(staging, trees.new);
  }
  return trees;
}

/** What no image ships: downloaded packages, package lists, logs. */
function clean(tree: string): void {
  for (const folder of ['var/cache/apt', 'var/lib/apt/lists', 'var/log']) {
    rmSync(join(tree, folder), { recursive: true, force: true });
    mkdirSync(join(tree, folder), { recursive: true });
  }
  rmSync(join(tree, 'etc/resolv.conf'), { force: true });
}

const SMALL_TREE_BYTES = 48 * 1024 * 1024;
const SMALL_FILE_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * A small tree of this machine's own programs, and one altered as a release
 * alters it: of every twelve files one is rebuilt, now and then a file goes and
 * another comes.
 */
export function makeSmallTrees(dir: string): Trees {
  const trees: Trees = { old: join(dir, 'old'), new: join(dir, 'new') };
  for (const tree of Object.values(trees)) rmSync(tree, { recursive: true, force: true });
  mkdirSync(trees.old, { recursive: true });
  const files = installedPrograms();
  let leftBytes = SMALL_TREE_BYTES;
  // Those that do not fit are the donors of new code.
  const donors = files.filter((file) => {
    const { size } = statSync(file);
    if (size > leftBytes) return true;
    leftBytes -= size;
    copyFileSync(file, join(trees.old, basename(file)));
    return false;
  });
  cpSync(trees.old, trees.new, { recursive: true, preserveTimestamps: true });
  readdirSync(trees.new)
    .sort()
    .forEach((name, index) => {
      const donor = donors[index % donors.length];
      if (donor !== undefined) alter(join(trees.new, name), index, donor);
    });
  return trees;
}

function installedPrograms(): string[] {
  return ['/usr/bin', '/usr/sbin']
    .flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(folder, entry.name))
        .sort(),
    )
    .filter((file) => statSync(file).size > 0 && statSync(file).size <= SMALL_FILE_LIMIT_BYTES);
}

function alter(file: string, index: number, donor: string): void {
  if (index % 97 === 50) return rmSync(file);
  if (index % 97 === 51) return copyFileSync(donor, `${file}.added`);
  if (index % 12 === 3) writeFileSync(file, rebuilt(readFileSync(file), readFileSync(donor), index));
}

/**
 * As a compiler leaves a program after a change: some new code in two places,
 * and from there on some addresses that are off by its length.
 */
function rebuilt(bytes: Buffer, donor: Buffer, seed: number): Buffer {
  const newBytes = Math.min(donor.length >> 1, bytes.length >> 4) & ~15;
  const third = Math.floor(bytes.length / 3) & ~15;
  const tail = Buffer.from(bytes.subarray(third));
  let state = seed + 1;
  for (let place = 64; place + 4 < tail.length; place += 256 + (state % 4096)) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    tail.writeUInt32LE((tail.readUInt32LE(place) + newBytes) >>> 0, place);
  }
  return Buffer.concat([
    bytes.subarray(0, third),
    donor.subarray(donor.length >> 1, (donor.length >> 1) + newBytes),
    tail.subarray(0, third),
    donor.subarray(0, newBytes),
    tail.subarray(third),
  ]);
}
