/** The images of bench/kinds.ts, before and after an upgrade. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchSettings } from './bench.ts';
import { commandsInWords, IMAGE_KINDS, ROOTFS_TIME, type Command, type ImageKind, type Source } from './kinds.ts';
import { makeDebianTrees, makeSmallTrees, type Trees } from './trees.ts';
import { trixie } from './trixie.ts';

/** An image before and after an upgrade. */
export interface KindPair {
  kind: ImageKind;
  base: string;
  target: string;
}

/** The pairs, one after the other, each made on the first call and kept in the cache folder. */
export async function* kindPairs(settings: BenchSettings): AsyncGenerator<KindPair> {
  const dir = join(settings.cacheDir, settings.full ? 'debian' : 'small');
  const images = join(dir, 'kinds');
  mkdirSync(images, { recursive: true });
  const command = await trixie(settings);
  const trees = datedTrees(dir, settings);
  const sizesKiB: Record<keyof Trees, number> = { old: slotKiB(trees.old), new: slotKiB(trees.new) };
  for (const kind of IMAGE_KINDS) {
    const imageOf = (which: keyof Trees): string => {
      const image = join(images, `${which}.${kind.id}.${digestOf(kind)}`);
      if (existsSync(image)) return image;
      settings.note(`making ${which}.${kind.id}`);
      const staging = `${image}.part`;
      rmSync(staging, { force: true });
      const sizeKiB: Source['sizeKiB'] = { own: sizesKiB[which], both: Math.max(sizesKiB.old, sizesKiB.new) };
      for (const one of kind.commands({ tree: trees[which], image: staging, which, sizeKiB, trixie: command }))
        run(one);
      renameSync(staging, image);
      return image;
    };
    yield { kind, base: imageOf('old'), target: imageOf('new') };
  }
}

/** Images that are kept are those of the same commands. */
const digestOf = (kind: ImageKind): string =>
  createHash('sha256').update(commandsInWords(kind)).digest('hex').slice(0, 8);

/** With the overhead of OE-core's IMAGE_OVERHEAD_FACTOR. */
const slotKiB = (tree: string): number =>
  Math.ceil(1.3 * Number(execFileSync('du', ['-sk', tree], { encoding: 'utf8' }).split('\t')[0]));

function run({ argv, env = {}, passes = [] }: Command): void {
  const [program = '', ...args] = argv;
  const { status, stderr, error } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  if (status !== 0 && !passes.includes(status ?? -1))
    throw new Error(`${argv.join(' ')} failed (${status}): ${stderr}`);
}

/** The root file systems of the bench, every file with the time that OE-core's rootfs task gives it. */
function datedTrees(dir: string, settings: BenchSettings): Trees {
  const dated: Trees = { old: join(dir, 'old.dated'), new: join(dir, 'new.dated') };
  if (existsSync(dated.old) && existsSync(dated.new)) return dated;
  const trees = settings.full ? makeDebianTrees(dir, settings) : makeSmallTrees(dir);
  for (const which of ['old', 'new'] as const) {
    const staging = `${dated[which]}.part`;
    for (const old of [staging, dated[which]]) rmSync(old, { recursive: true, force: true });
    run({ argv: ['cp', '-a', trees[which], staging] });
    run({ argv: ['find', staging, '-exec', 'touch', '-h', `--date=@${ROOTFS_TIME}`, '{}', '+'] });
    renameSync(staging, dated[which]);
  }
  return dated;
}
