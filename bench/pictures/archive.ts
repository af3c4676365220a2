/** What the archive holds of one version, and what was shown of an update: read from an archive that apply made. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes, formatShare } from '../../src/text/bytes.ts';
import { box, text, write } from './draw.ts';
import { LAST, VERSIONS, type PictureProduct } from './product.ts';

const ROW = 24;

const sizeOf = (path: string): number => statSync(path).size;

/** One version: the image that is kept, and what devices are sent. */
export function drawArchive({ archive }: PictureProduct): void {
  const dir = join(archive, LAST);
  const image = sizeOf(join(dir, 'image-prod-board.squashfs'));
  const updates = VERSIONS.slice(0, -1).toReversed();
  const rows = [
    { name: 'image-prod-board.squashfs', bytes: image, kind: 'base', note: 'the image, kept for ever' },
    {
      name: `updates/full/full-update-${LAST}.swu`,
      bytes: sizeOf(join(dir, 'updates/full', `full-update-${LAST}.swu`)),
      kind: 'base',
      note: 'for any device',
    },
    ...updates.map((from) => ({
      name: `updates/from_${from}/delta-update-${from}-to-${LAST}.swu`,
      bytes: sizeOf(join(dir, `updates/from_${from}`, `delta-update-${from}-to-${LAST}.swu`)),
      kind: 'fresh',
      note: `for devices on ${from}`,
    })),
  ];
  const small = readdirSync(dir, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((one) => one.isFile() && /\.(json|txt|signature|sig)$/.test(one.name))
    .reduce((sum, one) => sum + sizeOf(join(one.parentPath, one.name)), 0);
  rows.push({
    name: 'manifests, signatures, build-info.txt',
    bytes: small,
    kind: 'calm',
    note: 'what proves the rest',
  });
  const widest = Math.max(...rows.map(({ bytes }) => bytes));
  const title = `What the archive holds of ${LAST}: its image, and a package for each version that devices run`;
  write(
    'archive.svg',
    [900, 52 + rows.length * ROW + 8],
    'A version in the archive',
    `${title}. ${rows.map(({ name, bytes, note }) => `${name}: ${formatBytes(bytes)}, ${note}`).join('. ')}.`,
    [
      text(12, 24, title, 'name'),
      ...rows.flatMap(({ name, bytes, kind, note }, index) => {
        const [y, width] = [44 + index * ROW, Math.max(1.5, (bytes / widest) * 230)];
        const share = kind === 'fresh' ? `, ${formatShare(bytes, image)} of the image` : '';
        return [
          text(400, y + 13, name, 'text end'),
          box(kind, 410, y, width, 18),
          text(416 + width, y + 13, `${formatBytes(bytes)}${share}: ${note}`),
        ];
      }),
    ],
  );
}

interface DeltaInfo {
  proof: Array<{ check: string; result: string; detail: string }>;
  partitions: Array<{
    base: { sha256: string; sizeBytes: number };
    target: { sha256: string; sizeBytes: number };
    deltaCompressed?: { sha256: string; sizeBytes: number };
    delta: { sha256: string; sizeBytes: number };
  }>;
}

/** One update: what goes in, what comes out, and each check with what it found. */
export function drawProof({ archive }: PictureProduct): void {
  const from = VERSIONS[VERSIONS.length - 2] ?? '';
  const path = join(archive, LAST, `updates/from_${from}/delta-info.json`);
  const { proof, partitions } = JSON.parse(readFileSync(path, 'utf8')) as DeltaInfo;
  const [one] = partitions;
  if (one === undefined) throw new Error(`${path} has no partition`);
  const delta = one.deltaCompressed ?? one.delta;
  const short = (sha256: string): string => `sha256 ${sha256.slice(0, 12)}…`;
  const boxes = [
    { kind: 'base', name: `image of ${from}`, size: one.base.sizeBytes, sha256: one.base.sha256 },
    { kind: 'fresh', name: 'delta', size: delta.sizeBytes, sha256: delta.sha256 },
    { kind: 'base', name: `image of ${LAST}`, size: one.target.sizeBytes, sha256: one.target.sha256 },
  ];
  const title = `What was shown of the update from ${from} to ${LAST} before it counted as made`;
  const lines = proof.map(({ check, result, detail }) => ({
    check,
    result,
    detail: cut(detail.replace(/([0-9a-f]{12})[0-9a-f]{52}/, '$1…'), 105),
  }));
  const top = 138;
  write(
    'proof.svg',
    [900, top + lines.length * ROW + 8],
    'The proof of an update',
    `${title}. ${proof.map(({ check, result, detail }) => `${check}: ${result}, ${detail}`).join('. ')}.`,
    [
      text(12, 24, title, 'name'),
      ...boxes.flatMap(({ kind, name, size, sha256 }, index) => {
        const x = 12 + index * 305;
        return [
          box(kind, x, 44, 250, 8),
          text(x, 72, `${name}, ${formatBytes(size)}`),
          text(x, 91, short(sha256)),
          ...(index === 2 ? [] : [text(x + 277, 57, index === 0 ? '+' : '=', 'name middle')]),
        ];
      }),
      `<path class="line" d="M12 108H888"/>`,
      ...lines.flatMap(({ check, result, detail }, index) => {
        const y = top + index * ROW;
        return [
          `<circle class="${result === 'pass' ? 'mark' : 'calm'}" cx="18" cy="${y - 4}" r="5"/>`,
          text(32, y, check),
          text(190, y, result === 'pass' ? detail : `${result}: ${detail}`),
        ];
      }),
    ],
  );
}

const cut = (words: string, length: number): string =>
  words.length <= length ? words : `${words.slice(0, length - 1)}…`;
