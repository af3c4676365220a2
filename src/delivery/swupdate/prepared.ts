/**
 * Deltas of a pair, made on a host that has no key. Whoever signs believes
 * nothing of them: they are proven there like those of an engine.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { deltaName, preparedDir } from '../../archive/layout.ts';
import { publishFolder } from '../../io/atomic.ts';
import { digestFile } from '../../io/hash.ts';
import { packageVersion } from '../../io/package.ts';
import { ifPresent } from '../../io/present.ts';
import { withSpace } from '../../io/space.ts';
import { formatBytes } from '../../text/bytes.ts';
import { digestOf } from '../../text/json.ts';
import type { Prepared } from '../delivery.ts';
import { engineNamed } from '../engines/index.ts';
import type { DeltaInput } from '../engines/engine.ts';
import { inputsOf, makeDeltas, needBytesOf, type UpdateRequest } from './update.ts';

/** Of what deltas are made, and by what. */
type PreparedOf = Pick<UpdateRequest, 'plan' | 'base' | 'target' | 'engine'>;

/** Where the deltas of an update are, named by what they are made of and by what. */
function folderOf({ plan, base, target, engine }: PreparedOf, inputs: readonly DeltaInput[]): string {
  const { name, version } = engineNamed(engine);
  const images = inputs.map((one) => [one.partition, one.base.sha256, one.target.sha256]);
  const digest = digestOf({ name, version, release: packageVersion(), images });
  return preparedDir(plan, { from: base.manifest.version, to: target.manifest.version }, digest.slice(0, 16));
}

/** The names of a delta, bare and compressed. */
const namesOf = ({ partition }: DeltaInput): readonly [string, string] => {
  const name = deltaName(partition);
  return [name, `${name}.gz`];
};

/** Where the deltas of an update are left, and in which files. */
export function preparedOf(request: PreparedOf): Prepared {
  const inputs = inputsOf(request.base, request.target);
  return { dir: folderOf(request, inputs), files: inputs.flatMap(namesOf) };
}

/**
 * Makes and proves the deltas of an update, and leaves them beside it.
 *
 * @returns what was made, in words
 * @throws ReleasePlanError as {@link makeUpdate}
 */
export async function prepareDeltas(request: UpdateRequest): Promise<string> {
  const inputs = inputsOf(request.base, request.target);
  const folder = folderOf(request, inputs);
  if ((await ifPresent(stat(folder))) === undefined)
    await withSpace(folder, needBytesOf(inputs), async () => {
      await publishFolder(folder, async (staging) => await makeDeltas(staging, request, inputs), { replace: true });
    });
  const sizes = await Promise.all(inputs.map(async (one) => await stat(join(folder, deltaName(one.partition)))));
  const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
  return `${inputs.length === 1 ? 'delta' : 'deltas'} of ${formatBytes(bytes)}; proven, to be packed and signed`;
}

/**
 * Takes the deltas that another host left, where it did.
 *
 * @returns whether they are in `staging` now; nothing is proven of them, but that the compressed ones hold the others
 */
export async function takePrepared(
  staging: string,
  request: UpdateRequest,
  inputs: readonly DeltaInput[],
): Promise<boolean> {
  const folder = folderOf(request, inputs);
  if ((await ifPresent(stat(folder))) === undefined) return false;
  for (const [delta, compressed] of inputs.map(namesOf)) {
    for (const name of [delta, compressed])
      await copyFile(join(folder, name), join(staging, name), constants.COPYFILE_FICLONE);
    if ((await digestFile(join(staging, delta))).sha256 !== (await digestOfGzip(join(staging, compressed))))
      return await notTaken(staging, inputs);
  }
  return true;
}

/** Removes what another host left for an update. */
export async function dropPrepared(request: PreparedOf): Promise<void> {
  await rm(preparedOf(request).dir, { recursive: true, force: true });
}

async function notTaken(staging: string, inputs: readonly DeltaInput[]): Promise<false> {
  for (const name of inputs.flatMap(namesOf)) await rm(join(staging, name), { force: true });
  return false;
}

/** sha256 of what a gzipped file holds; undefined for one that holds nothing whole. */
async function digestOfGzip(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), createGunzip(), hash);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}
