import { basename, join } from 'node:path';
import { asUserError, errnoOf, ReleasePlanError } from '../../core/errors.ts';
import { attributed } from '../../io/attribute.ts';
import { leavesOpen } from '../../io/present.ts';
import { FEW_FILES_BYTES, withScratch } from '../../io/scratch.ts';
import type { DeltaInfo } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { proveDelta } from '../../rdiff/index.ts';
import { readAesKey, type AesKey } from '../../swu/aes.ts';
import type { KeyContext } from '../../swu/keys.ts';
import { openSwu, type SwuCheck } from '../../swu/open.ts';
import type { UpdateSide } from './update.ts';

/** One thing that was shown again, or not. */
export interface Reproof {
  check: 'delta' | 'swu';
  result: 'pass' | 'fail' | 'not-checked';
  detail: string;
  /** Nothing was shown, since something could not be read. */
  isUnreadable?: true;
  /** A file was not there: it was exchanged, perhaps, while it was looked for. */
  isMissing?: true;
}

export interface ReopenRequest {
  /** Its `signing.public` is what the package is checked against; without one the signature is not checked. */
  plan: Pick<Plan, 'signing' | 'dir' | 'swu'>;
  swu: { path: string; version: string };
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  progress(message: string): void;
}

export interface ReproveRequest extends Omit<ReopenRequest, 'plan' | 'env' | 'swu'> {
  update: { manifest: DeltaInfo; dir: string };
  base: UpdateSide;
  target: UpdateSide;
  /** Called as the target is compared, with how many bytes more. */
  onBytes?: (bytes: number) => void;
}

/** Shows again that each delta of an update, bare and gzipped, gives the target from the base, bit for bit. */
export async function reproveDeltas(request: ReproveRequest): Promise<Reproof[]> {
  const found: Reproof[] = [];
  for (const partition of request.update.manifest.partitions) {
    for (const file of [partition.delta?.file, partition.deltaCompressed?.file]) {
      if (file !== undefined) found.push(await reproveDelta(request, partition.name, file));
    }
  }
  return found;
}

async function reproveDelta(
  { base, target, update, signal, progress, onBytes }: ReproveRequest,
  partition: string,
  file: string,
): Promise<Reproof> {
  const imageOf = ({ manifest, dir }: UpdateSide): string =>
    join(dir, manifest.partitions.find((one) => one.name === partition)?.file ?? '');
  progress(`apply ${file}`);
  let done = 0;
  try {
    const paths = [imageOf(base), join(update.dir, file), imageOf(target)] as const;
    const proof = await attributed(
      `one of ${paths.join(', ')}`,
      async () =>
        await proveDelta(...paths, {
          signal,
          digest: false,
          onProgress: ({ doneBytes }) => {
            onBytes?.(doneBytes - done);
            done = doneBytes;
          },
        }),
    );
    return proof.equal
      ? { check: 'delta', result: 'pass', detail: `${file}: ${proof.targetBytes} bytes as the target's` }
      : {
          check: 'delta',
          result: 'fail',
          detail: `${file}: applied to its base, it differs from the target, first at byte ${proof.firstDifference}`,
        };
  } catch (error) {
    if (signal.aborted) throw error;
    return failureAs('delta', file, error);
  }
}

/** A failure as a row: what could not be read has shown nothing, neither good nor bad. */
function failureAs(check: Reproof['check'], file: string, error: unknown): Reproof {
  const known = asUserError(error);
  if (known === undefined) throw error;
  const detail = `${file}: ${known.message}`;
  return known.code === 'io-failed' && leavesOpen(known)
    ? { check, result: 'not-checked', detail, isUnreadable: true }
    : { check, result: 'fail', detail, ...(errnoOf(known) === 'ENOENT' ? { isMissing: true } : {}) };
}

/** Opens a package as a device does: its hashes and its signature hold. */
export async function reopenPackage({ plan, swu, env, signal, progress }: ReopenRequest): Promise<Reproof> {
  const file = basename(swu.path);
  const { signing } = plan;
  const context = { env, planDir: plan.dir };
  progress(`verify ${file}`);
  return await withScratch('open', FEW_FILES_BYTES, async (workDir) => {
    let checks: SwuCheck[];
    try {
      const aes = await aesIfHere(plan, context);
      ({ checks } = await attributed(
        swu.path,
        async () =>
          await openSwu(swu.path, {
            version: swu.version,
            workDir,
            signal,
            ...(aes === undefined ? {} : { aes }),
            ...(signing?.public === undefined
              ? {}
              : { trust: { method: signing.method, public: signing.public, ...context, signal } }),
          }),
      ));
    } catch (error) {
      // A missing tool or key is no fault of the package.
      if (signal.aborted || asUserError(error)?.code !== 'io-failed') throw error;
      return failureAs('swu', file, error);
    }
    const failed = checks.filter((one) => one.result === 'fail');
    const open = checks.filter((one) => one.result === 'not-checked' && one.check !== 'checksums');
    const words = (some: typeof checks): string => some.map((one) => `${one.check}: ${one.detail}`).join('; ');
    if (failed.length > 0) return { check: 'swu', result: 'fail', detail: `${file}: ${words(failed)}` };
    return { check: 'swu', result: open.length === 0 ? 'pass' : 'not-checked', detail: `${file}: ${words(checks)}` };
  });
}

/** Archives are also looked at on machines that have no keys. */
async function aesIfHere({ swu }: Pick<Plan, 'swu'>, context: KeyContext): Promise<AesKey | undefined> {
  if (swu.encrypt === undefined) return undefined;
  try {
    return await readAesKey(swu.encrypt.key, context);
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'encryption-key-missing') return undefined;
    throw error;
  }
}
