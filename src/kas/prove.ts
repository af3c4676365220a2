import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { filesystemOf } from '../io/filesystem.ts';
import { digestFile } from '../io/hash.ts';
import { ifPresent } from '../io/present.ts';
import { expandPlaceholders } from '../text/placeholders.ts';
import type { Proof } from '../core/archive.ts';
import type { Partition } from '../core/plan.ts';
import { readImageFile } from './image/read-file.ts';

/** What has to be shown before a build may be archived. */
export interface ProofRequest {
  /** Where the build left its images, see {@link deployDirOf}. */
  deploy: string;
  partitions: readonly Partition[];
  machine: string;
  distro: string;
  image: string;
  version: string;
  /** When the build was started, see kas/pending.ts. */
  startedAtNs: bigint;
  /**
   * Why an image that is older than the build may not stand for it, or undefined when it may, see kas/proven.ts;
   * without this none may.
   */
  objectionToEarlier?: (path: string, sha256: string) => Promise<string | undefined>;
  /** A folder with room to unpack an erofs image. */
  scratchDir: string;
  signal?: AbortSignal;
}

/**
 * Shows that the images are there, were made by this build, and carry the
 * planned version. All of them are looked at before any problem is reported.
 *
 * @returns what was shown, for the manifest
 * @throws ReleasePlanError `artifact-missing`, `build-stale`, `build-version-unproven`,
 *   `version-file-unreadable`: the first one's code, all messages
 */
export async function proveBuild(request: ProofRequest): Promise<Proof[]> {
  const proofs: Proof[] = [];
  const problems: ReleasePlanError[] = [];
  for (const partition of request.partitions) {
    try {
      proofs.push(...(await provePartition(partition, request)));
    } catch (error) {
      if (!(error instanceof ReleasePlanError) || request.signal?.aborted) throw error;
      problems.push(error);
    }
  }
  const [first, ...others] = problems;
  if (first === undefined) return proofs;
  if (others.length === 0) throw first;
  throw new ReleasePlanError(
    first.code,
    problems.map((one) => one.message).join('\n'),
    first.hint === undefined ? {} : { hint: first.hint },
  );
}

async function provePartition(partition: Partition, request: ProofRequest): Promise<Proof[]> {
  const { machine, distro, image, version, deploy } = request;
  const file = expandPlaceholders(partition.file, { machine, distro, image, version });
  const path = join(deploy, file);
  // Follows the link without a version in its name that Yocto leaves.
  const found = await ifPresent(stat(path, { bigint: true }));
  if (found === undefined || !found.isFile()) {
    throw new ReleasePlanError(
      'artifact-missing',
      `the build of ${version} left no image for partition ${partition.name}: ${path} does not exist`,
      {
        hint:
          'kas may have found nothing to do although the image was deleted: `kas build -c cleansstate CHAIN`, ' +
          'then the same command. Or compare kas.deploy and partitions[].file with what the build leaves.',
      },
    );
  }
  return [await proveFresh(path, file, found.ctimeNs, request), await proveVersion(partition, path, request)];
}

/**
 * By ctime: an image from shared state keeps the mtime of when it was made, and only its ctime says when it was put
 * here.
 */
async function proveFresh(path: string, file: string, changedNs: bigint, request: ProofRequest): Promise<Proof> {
  const { version, startedAtNs, objectionToEarlier } = request;
  const pass = (detail: string): Proof => ({ check: 'fresh-image', result: 'pass', detail });
  if (changedNs >= startedAtNs) return pass(`${file}: put in place after the build was started`);
  const objection = await objectionToEarlier?.(path, (await digestFile(path, request.signal)).sha256);
  if (objectionToEarlier !== undefined && objection === undefined)
    return pass(
      `${file}: of an earlier build of ` +
        `${version} from the same configuration and layers, proven and archived then, unchanged since`,
    );
  throw new ReleasePlanError(
    'build-stale',
    `${path} is from ${isoOf(changedNs)}, but the build of ${version} was started at ${isoOf(startedAtNs)}: kas ` +
      `exited 0 without making it${objection === undefined ? '' : `, and ${objection}`}`,
  );
}

const isoOf = (timeNs: bigint): string => new Date(Number(timeNs / 1_000_000n)).toISOString();

async function proveVersion(
  partition: Partition,
  path: string,
  { version, scratchDir, signal }: ProofRequest,
): Promise<Proof> {
  if (partition.versionFile === undefined) {
    return {
      check: 'build-version',
      result: 'not-checked',
      detail: `${partition.name}: the plan names no version_file`,
    };
  }
  const filesystem = await filesystemOf(path);
  const inside = partition.versionFile;
  const content = await readImageFile({
    image: path,
    filesystem,
    path: inside,
    scratchDir,
    ...(signal === undefined ? {} : { signal }),
  });
  if (content === undefined)
    throw new ReleasePlanError(
      'build-version-unproven',
      `${path} has no file ${inside}, in which BUILD_VERSION ${version} should stand`,
    );
  const text = Buffer.from(content).toString('utf8');
  if (holdsVersion(text, version))
    return { check: 'build-version', result: 'pass', detail: `${partition.name}: ${inside} holds ${version}` };
  throw new ReleasePlanError(
    'build-version-unproven',
    `${inside} in ${path} does not hold ${version}; it says: ${excerptOf(text)}`,
  );
}

/**
 * Whether a version stands in a text as a whole word: `0.1.0` does not stand in
 * `0.1.0-rc1`, `10.1.0` or `0.1.0.1`, but does at the end of a sentence.
 */
export function holdsVersion(text: string, version: string): boolean {
  const literal = version.replace(/[.+*?^$()[\]{}|\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![0-9A-Za-z.+_-])${literal}(?![0-9A-Za-z+_-]|\.[0-9A-Za-z])`).test(text);
}

/** The line that most likely names the version, for a message. */
function excerptOf(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line = lines.find((one) => /version/i.test(one) && /\d/.test(one)) ?? lines[0] ?? '(empty)';
  return line.slice(0, 200);
}
