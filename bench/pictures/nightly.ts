/** Nights in a row over one archive: which files each read, and when damage was seen. The clock is the picture's own. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainDrive } from '../../src/commands/terminal/drive-plain.ts';
import { nightly } from '../../src/jobs/nightly.ts';
import { requirePlan } from '../../src/plan/load.ts';
import { formatBytes } from '../../src/text/bytes.ts';
import { sealJson } from '../../src/text/json.ts';
import { box, text, write } from './draw.ts';
import { LAST, VERIFY_DAYS, type PictureProduct } from './product.ts';

const NIGHTS = 24;
const DAMAGED_ON = 13;
const DAY_MS = 86_400_000;
const FIRST = Date.parse('2026-03-01T02:00:00Z');

interface State {
  files: Record<string, { sizeBytes: number; readAt: string; mtimeNs: string; ctimeNs: string }>;
}

interface Night {
  /** What was found damaged, and made again. */
  mended: boolean;
  readBytes: number;
  archivedBytes: number;
  /** Files that this night read. */
  read: Set<string>;
}

/** A bit that turns on the disk: no time of the file changes. */
function rot(archive: string, file: string): void {
  const path = join(archive, file);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const { mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const state = join(archive, 'state.json');
  const { self: _self, ...known } = JSON.parse(readFileSync(state, 'utf8')) as State & { self?: string };
  const entry = known.files[file];
  if (entry === undefined) throw new Error(`${file} was never read`);
  known.files[file] = { ...entry, mtimeNs: String(mtimeNs), ctimeNs: String(ctimeNs) };
  writeFileSync(state, sealJson(known));
}

async function runNight({ dir, archive, env }: PictureProduct, night: number): Promise<Night> {
  const { plan } = await requirePlan('plan.yml', { cwd: dir });
  const report = (): void => undefined;
  const host = { env, signal: new AbortController().signal, report, drive: plainDrive(report) };
  const now = new Date(FIRST + night * DAY_MS);
  const { night: found } = await nightly(plan, host, { waitMs: 0, now });
  const { files } = JSON.parse(readFileSync(join(archive, 'state.json'), 'utf8')) as State;
  const read = Object.entries(files).filter(([, { readAt }]) => readAt === now.toISOString());
  return {
    mended: found.changes.some((line) => /full package .* (was made again|is intact again)/.test(line)),
    readBytes: found.readBytes,
    archivedBytes: found.archivedBytes,
    read: new Set(read.map(([name]) => name)),
  };
}

export async function drawNightly(product: PictureProduct): Promise<void> {
  const victim = join(LAST, `updates/full/full-update-${LAST}.swu`);
  const nights: Night[] = [];
  for (let night = 0; night < NIGHTS; night += 1) {
    if (night === DAMAGED_ON) rot(product.archive, victim);
    nights.push(await runNight(product, night));
  }
  const seen = nights.findIndex(({ mended }) => mended);
  if (seen === -1) throw new Error('no night found the damage');
  const largest = [...new Set(nights.flatMap(({ read }) => [...read]))]
    .map((name) => ({ name, bytes: statSync(join(product.archive, name)).size }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 16)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const [left, top, cell, row] = [330, 62, 22, 17];
  const x = (night: number): number => left + night * cell;
  const total = nights[0]?.archivedBytes ?? 0;
  const later = nights.slice(1).map(({ readBytes }) => readBytes);
  const average = later.reduce((sum, one) => sum + one, 0) / later.length;
  const title = `${NIGHTS} nights over an archive of ${formatBytes(total)} with verify_days: ${VERIFY_DAYS}`;
  const found =
    `rotted before night ${DAMAGED_ON + 1}, unseen by the file system; ` +
    `found in night ${seen + 1}, and made again from the image`;
  write(
    'nightly.svg',
    [900, top + largest.length * row + 62],
    'What a night reads',
    `${title}: the first reads everything, each of the others ${formatBytes(average)} on average, and every file at least once in ${VERIFY_DAYS} nights. One file ${found}.`,
    [
      text(12, 24, title, 'name'),
      text(
        12,
        46,
        `the first reads everything, the others ${formatBytes(average)} on average: what was read longest ago`,
      ),
      ...largest.flatMap(({ name }, index) => {
        const y = top + index * row;
        return [
          text(left - 10, y + 11, name.length > 46 ? `…${name.slice(-45)}` : name, 'text end'),
          ...nights.map(({ read }, night) => box(read.has(name) ? 'base' : 'calm', x(night), y, cell - 3, row - 4)),
          ...(name === victim ? [box('fresh', x(seen), y, cell - 3, row - 4)] : []),
        ];
      }),
      ...[1, 6, 11, 16, 21, NIGHTS].map((night) =>
        text(x(night - 1) + cell / 2, top + largest.length * row + 14, String(night), 'text middle'),
      ),
      text(left - 10, top + largest.length * row + 14, 'night', 'text end'),
      box('base', 12, top + largest.length * row + 34, 10, 10),
      text(27, top + largest.length * row + 43, 'read and found whole'),
      box('fresh', 190, top + largest.length * row + 34, 10, 10),
      text(205, top + largest.length * row + 43, found),
    ],
  );
}
