/**
 * `npm run pictures`: draws the pictures of docs/images that show what a run found, out of runs that are made for it.
 * Needs a build, squashfs-tools and e2fsprogs. The images are this machine's own programs, so that figures differ a
 * little from machine to machine.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestBytes } from '../src/io/hash.ts';
import { DeltaParser } from '../src/rdiff/delta-parser.ts';
import { formatBytes, formatShare } from '../src/text/bytes.ts';
import { ext4, squashfs, tool } from '../test/insight/images.ts';
import { handMade } from '../test/support/archive.ts';
import { drawArchive, drawProof } from './pictures/archive.ts';
import { box, round, text, write } from './pictures/draw.ts';
import { drawHosts } from './pictures/hosts.ts';
import { drawNightly } from './pictures/nightly.ts';
import { makeProduct } from './pictures/product.ts';
import { makeSmallTrees } from './trees.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'pictures-'));

/** Runs release-plan. @param okCodes exit codes besides 0 */
function releasePlan(
  args: readonly string[],
  okCodes: readonly number[] = [],
  at: { cwd: string; env?: NodeJS.ProcessEnv } = { cwd: dir },
): string {
  try {
    return execFileSync(process.execPath, [join(root, 'src/bin.js'), ...args], {
      ...at,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 28,
    });
  } catch (error) {
    const { status, stdout } = error as { status?: number; stdout?: string };
    if (status !== undefined && okCodes.includes(status)) return stdout ?? '';
    throw error;
  }
}

interface Blame {
  totalBytes: number;
  targetBytes: number;
  literalBytes: number;
  commandBytes: number;
  metadataBytes: number;
  files: Array<{ path: string; bytes: number; cause: string }>;
}

const CELLS = { columns: 96, rows: 8, size: 8, gap: 1.5 };

/** The target from its first byte to its last: what is copied out of the base, and what the delta brings. */
function drawDelta({ targetBytes, literalBytes, totalBytes }: Blame): void {
  const { columns, rows, size, gap } = CELLS;
  const cells = columns * rows;
  const fresh = new Float64Array(cells);
  const parser = new DeltaParser();
  let at = 0;
  for (const part of parser.parse(readFileSync(join(dir, 'delta')))) {
    if (part.kind !== 'literal' && part.kind !== 'copy') continue;
    for (let done = 0; part.kind === 'literal' && done < part.lengthBytes;) {
      const cell = Math.min(cells - 1, Math.floor(((at + done) / targetBytes) * cells));
      const step = Math.max(
        1,
        Math.min(part.lengthBytes - done, Math.ceil(((cell + 1) * targetBytes) / cells) - at - done),
      );
      fresh[cell] = (fresh[cell] ?? 0) + step;
      done += step;
    }
    at += part.lengthBytes;
  }
  const perCell = targetBytes / cells;
  const squares = { base: '', fresh: '' };
  for (const [cell, bytes] of fresh.entries()) {
    const [x, y] = [round(12 + (cell % columns) * (size + gap)), round(44 + Math.floor(cell / columns) * (size + gap))];
    const height = round(Math.min(size, bytes === 0 ? 0 : Math.max(1, (size * bytes) / perCell)));
    squares.base += `M${x} ${y}h${size}v${size}h-${size}z`;
    if (height > 0) squares.fresh += `M${x} ${y + size}h${size}v-${height}h-${size}z`;
  }
  const below = 44 + rows * (size + gap) + 20;
  write(
    'delta.svg',
    [12 + columns * (size + gap) + 12, below + 14],
    'What a delta is',
    `A target image of ${formatBytes(targetBytes)}, from its first byte to its last: ${formatShare(literalBytes, targetBytes)} of it are new bytes that the delta carries, scattered over the image; the rest is copied from the base.`,
    [
      text(
        12,
        24,
        `An image of ${formatBytes(targetBytes)}, made out of the one before it by a delta of ${formatBytes(totalBytes)}`,
        'name',
      ),
      `<path class="base" d="${squares.base}"/>`,
      `<path class="fresh" d="${squares.fresh}"/>`,
      box('base', 12, below - 10, 10, 10),
      text(27, below, 'copied from the base, which the device has'),
      box('fresh', 330, below - 10, 10, 10),
      text(
        345,
        below,
        `new bytes in the delta: ${formatBytes(literalBytes)}, ${formatShare(literalBytes, targetBytes)}`,
      ),
    ],
  );
}

const FILES_SHOWN = 8;

/** Which files the bytes of the delta are for. */
function drawBlame({ files, totalBytes, metadataBytes, commandBytes }: Blame): void {
  const sum = (rows: Blame['files']): number => rows.reduce((total, one) => total + one.bytes, 0);
  const rest = files.slice(FILES_SHOWN);
  const rows = [
    ...files.slice(0, FILES_SHOWN).map(({ path, bytes, cause }) => ({ name: path, bytes, note: cause, kind: 'fresh' })),
    { name: `${rest.length} more files`, bytes: sum(rest), note: '', kind: 'fresh' },
    { name: 'file system', bytes: metadataBytes, note: 'inodes, folders', kind: 'calm' },
    { name: 'commands', bytes: commandBytes, note: 'where to copy from', kind: 'calm' },
  ];
  const widest = Math.max(...rows.map(({ bytes }) => bytes));
  write(
    'blame.svg',
    [900, 52 + rows.length * 24 + 8],
    'Which files a delta is for',
    `The bytes of a delta of ${formatBytes(totalBytes)} by file: ${rows.map(({ name, bytes }) => `${name} ${formatShare(bytes, totalBytes)}`).join(', ')}.`,
    [
      text(12, 24, `A delta of ${formatBytes(totalBytes)}, by file; the rows sum to its size`, 'name'),
      ...rows.flatMap(({ name, bytes, note, kind }, at) => {
        const [y, width] = [44 + at * 24, (bytes / widest) * 420];
        const share = `${formatBytes(bytes)}, ${formatShare(bytes, totalBytes)}${note === '' ? '' : `, ${note}`}`;
        return [text(220, y + 13, name, 'text end'), box(kind, 230, y, width, 18), text(236 + width, y + 13, share)];
      }),
    ],
  );
}

interface Suggested {
  updating: number;
  bases: Array<{ base: string; devices: number; isChosen: boolean }>;
}

const VERSIONS = 60;
const DEVICES = 20_000;

/** How many devices so many deltas serve, for a fleet of which most devices are on recent versions. */
function drawCover(): void {
  const place = join(dir, 'cover');
  mkdirSync(place);
  const here = handMade(place);
  const versions = Array.from({ length: VERSIONS + 1 }, (_, at) => `0.${at}.0`);
  for (const version of versions) here.archive(version);
  const devices = Array.from({ length: DEVICES }, (_, at) => {
    const older = Math.min(VERSIONS - 1, Math.floor(-8 * Math.log(1 - (((at * 7919) % DEVICES) + 0.5) / DEVICES)));
    return {
      'uuid': `device-${at}`,
      'tag': 'promoted',
      'version': `0.${VERSIONS - 1 - older}.0`,
      'hardware-id': 'board',
    };
  });
  writeFileSync(join(place, 'devices.json'), JSON.stringify(devices));
  const target = (version: string): object => ({
    hashes: { sha256: digestBytes(version).sha256 },
    length: 1,
    custom: { version, name: 'board-image', tags: [], hardwareIds: ['board'], targetFormat: 'SWUPDATE' },
  });
  const targets = Object.fromEntries(versions.map((version) => [`board-image-${version}`, target(version)]));
  const registry = { signatures: [], signed: { _type: 'Targets', version: 1, targets } };
  writeFileSync(join(place, 'artifacts/targets.json'), JSON.stringify(registry));
  const last = versions.at(-1) ?? '';
  here.write({ fleet: 'devices.json', versions: versions.map((version) => ({ version })), deltas: [] });
  const found = JSON.parse(
    releasePlan(['targets', 'suggest', last, '--cover', '99%', '--plan', join(place, 'plan.yml'), '--json']),
  ) as Suggested;
  const [left, top, width, height] = [70, 44, 800, 220];
  const bases = found.bases.toSorted((a, b) => b.devices - a.devices);
  let served = 0;
  const points = bases.map((one, at) => {
    served += one.devices;
    return {
      x: left + ((at + 1) / bases.length) * width,
      y: top + height * (1 - served / found.updating),
      share: served / found.updating,
    };
  });
  const chosen = found.bases.filter(({ isChosen }) => isChosen).length;
  const mark = points[chosen - 1];
  const curve = points.map(({ x, y }) => `L${round(x)} ${round(y)}`).join(' ');
  const share = formatShare(mark?.share ?? 0, 1);
  write(
    'cover.svg',
    [900, 320],
    'Which bases are worth a delta',
    `A fleet of ${found.updating} devices on ${bases.length} versions: ${chosen} deltas serve ${share} of the devices.`,
    [
      text(
        12,
        24,
        `${found.updating} devices on ${bases.length} versions: ${chosen} deltas serve ${share} of them`,
        'name',
      ),
      ...[0, 0.25, 0.5, 0.75, 1].flatMap((of) => {
        const y = top + height * (1 - of);
        return [
          `<path class="line" d="M${left} ${y}H${left + width}"/>`,
          text(left - 8, y + 4, `${100 * of} %`, 'text end'),
        ];
      }),
      `<path class="curve" d="M${left} ${top + height} ${curve}"/>`,
      ...(mark === undefined
        ? []
        : [
            `<circle class="mark" cx="${round(mark.x)}" cy="${round(mark.y)}" r="5"/>`,
            text(round(mark.x), round(mark.y) + 24, `cover: "99%" takes ${chosen}`, 'text middle'),
          ]),
      text(
        left + width / 2,
        top + height + 36,
        'deltas, from the versions with most devices to those with fewest',
        'text middle',
      ),
      text(left + width, top + height + 18, String(bases.length), 'text end'),
      text(left, top + height + 18, '0'),
    ],
  );
}

interface Identified {
  nearest: { version: string; blocks: number; differingBlocks: number };
  changes: Array<{ change: string; blocks: number; bytes: number }>;
}

const ABOUT: Record<string, string> = {
  mounted: 'superblock or journal: mounted read-write',
  trimmed: 'free space is zeros now: trimmed',
  zeroed: 'overwritten with zeros',
  written: 'written by the file system',
  edited: 'a file was edited',
};

/** A slot whose file system was checked, trimmed and changed in one file, as its signature alone shows it. */
function drawIdentify(): void {
  const place = join(dir, 'identify');
  mkdirSync(place);
  const here = handMade(place);
  const image = join(place, 'image');
  ext4('96M')(join(dir, 'new'), image);
  const bytes = readFileSync(image);
  mkdirSync(here.version('0.2.0'), { recursive: true });
  here.archive('0.2.0', {
    files: [{ path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', ...digestBytes(bytes) }],
  });
  writeFileSync(join(here.version('0.2.0'), 'rootfs.squashfs'), bytes);
  copyFileSync(image, join(place, 'slot'));
  writeFileSync(join(place, 'edited'), 'somebody was here\n');
  tool('debugfs', '-w', '-R', `write ${join(place, 'edited')} edited-by-hand`, join(place, 'slot'));
  execFileSync('rdiff', ['-b', '4096', 'signature', join(place, 'slot'), join(place, 'slot.sig')]);
  const plan = join(place, 'plan.yml');
  const { nearest, changes } = JSON.parse(
    releasePlan(['base', 'identify', join(place, 'slot.sig'), '--plan', plan, '--json'], [4]),
  ) as Identified;
  const rows = changes.map(({ change, blocks, bytes: size }) => ({ name: ABOUT[change] ?? change, blocks, size }));
  const widest = Math.max(...rows.map(({ blocks }) => blocks));
  const title = `${nearest.differingBlocks} of ${nearest.blocks} blocks of a slot are not those of ${nearest.version}`;
  write(
    'identify.svg',
    [900, 52 + rows.length * 24 + 8],
    'What became of a slot',
    `${title}: ${rows.map(({ name, blocks }) => `${blocks}: ${name}`).join('; ')}.`,
    [
      text(12, 24, title, 'name'),
      ...rows.flatMap(({ name, blocks, size }, at) => {
        const [y, width] = [44 + at * 24, Math.max(2, (blocks / widest) * 380)];
        const count = `${blocks} block${blocks === 1 ? '' : 's'}, ${formatBytes(size)}`;
        return [text(290, y + 13, name, 'text end'), box('fresh', 300, y, width, 18), text(306 + width, y + 13, count)];
      }),
    ],
  );
}

try {
  makeSmallTrees(dir);
  const make = squashfs('-noI', '-noD', '-noF', '-noX', '-all-time', '1700000000');
  for (const name of ['old', 'new']) make(join(dir, name), join(dir, `${name}.squashfs`));
  releasePlan(['delta', 'create', 'old.squashfs', 'new.squashfs', 'delta']);
  const blame = JSON.parse(releasePlan(['delta', 'blame', 'old.squashfs', 'new.squashfs', 'delta', '--json'])) as Blame;
  drawDelta(blame);
  drawBlame(blame);
  drawHosts();
  drawCover();
  drawIdentify();
  const place = join(dir, 'product');
  mkdirSync(place);
  const made = makeProduct(place, [join(dir, 'old'), join(dir, 'new')], (args, at) => releasePlan(args, [], at));
  drawArchive(made);
  drawProof(made);
  await drawNightly(made);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
