import { resolve } from 'node:path';
import type { ImageKind, SquashfsCompression } from '../../core/image-kind.ts';
import { errnoOf, ReleasePlanError } from '../../core/errors.ts';
import { readRegularText } from '../../io/regular.ts';
import { formatPointer, quote, type Finding } from '../finding.ts';
import { largeDeltasOf } from '../image-deltas.ts';
import { filesOf, numbered, type PlanSource } from '../source.ts';
import type { Project } from './project.ts';

/**
 * A partition that is updated by delta is of a kind whose deltas are small, as
 * far as its file's name tells: an image of type `squashfs` can be compressed or
 * not, so only those with the compression in their name are judged. `validate --with-archive` judges archived images by
 * their superblock.
 */
export async function imageKindsSuitDeltas(plan: PlanSource, project: Project): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [index, { file, delta }] of numbered(plan.partitions)) {
    if (file === undefined || delta === undefined || delta === 'none') continue;
    const kind = kindByName(file);
    const large = kind === undefined ? undefined : largeDeltasOf(kind);
    if (large === undefined || (await isIncluded(large.fragment, plan, project))) continue;
    const at = ['partitions', index, 'file'];
    findings.push({
      code: 'image-kind-large-deltas',
      severity: 'warning',
      at,
      message:
        `${formatPointer(at)} is ${quote(file)}: by default, deltas of ${large.kind} are about ` +
        `${large.times.toFixed(1)} times as large as those of uncompressed images`,
      hint: large.hint,
    });
  }
  return findings;
}

/** Image types with a compression in their name. @see OpenEmbedded-Core's image_types.bbclass, IMAGE_TYPES */
const COMPRESSIONS: Readonly<Record<string, SquashfsCompression>> = { zst: 'zstd', xz: 'xz', lzo: 'lzo', lz4: 'lz4' };

/** mksquashfs's default, which OpenEmbedded-Core leaves alone. */
const DEFAULT_BLOCK_BYTES = 128 * 1024;

function kindByName(file: string): ImageKind | undefined {
  const suffix = /\.squashfs-(zst|xz|lzo|lz4)$/.exec(file)?.[1];
  const compression = suffix === undefined ? undefined : COMPRESSIONS[suffix];
  return compression === undefined
    ? undefined
    : { filesystem: 'squashfs', compression, blockBytes: DEFAULT_BLOCK_BYTES, hasFragments: true };
}

/** Whether a kas file of the plan names a fragment. What those files include in turn is not followed. */
async function isIncluded(fragment: string, plan: PlanSource, { dir }: Project): Promise<boolean> {
  const chain = [
    ...filesOf(plan.kas?.config, []),
    ...numbered(plan.versions).flatMap(([, one]) => filesOf(one.kas, [])),
  ];
  for (const { file } of chain) {
    // What is no regular file is told by another rule.
    const text = await readRegularText(resolve(dir, file)).catch((error: unknown) => {
      if (error instanceof ReleasePlanError || errnoOf(error) !== undefined) return undefined;
      throw error;
    });
    if (text?.includes(fragment) === true) return true;
  }
  return false;
}
