import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asUserError } from '../errors.ts';
import type { DeltaInfo, Plan } from '../model.ts';
import { proveDelta } from '../rdiff/index.ts';
import { openSwu } from '../swu/open.ts';
import type { UpdateSide } from './update.ts';

/** One thing that was shown again, or not. */
export interface Reproof {
  check: 'delta' | 'swu';
  result: 'pass' | 'fail' | 'not-checked';
  detail: string;
}

export interface ReproveRequest {
  plan: Plan;
  base: UpdateSide;
  target: UpdateSide;
  update: { manifest: DeltaInfo; dir: string };
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  progress(message: string): void;
}

/**
 * Shows again what was shown when an update was made: each delta, bare and
 * gzipped, gives the target from the base; the .swu opens, its hashes and signature hold.
 */
export async function reproveUpdate(request: ReproveRequest): Promise<Reproof[]> {
  const { update } = request;
  const found: Reproof[] = [];
  for (const partition of update.manifest.partitions) {
    for (const file of [partition.delta?.file, partition.deltaCompressed?.file]) {
      if (file !== undefined) found.push(await reproveDelta(request, partition.name, file));
    }
  }
  return [...found, await reopen(request)];
}

async function reproveDelta({ base, target, update, signal, progress }: ReproveRequest, partition: string, file: string): Promise<Reproof> {
  const imageOf = ({ manifest, dir }: UpdateSide): string => join(dir, manifest.partitions.find((one) => one.name === partition)?.file ?? '');
  progress(`apply ${file}`);
  try {
    const proof = await proveDelta(imageOf(base), join(update.dir, file), imageOf(target), { signal, digest: false });
    return proof.equal
      ? { check: 'delta', result: 'pass', detail: `${file}: ${proof.targetBytes} bytes as the target's` }
      : { check: 'delta', result: 'fail', detail: `${file}: applied to the base it differs from the target from byte ${proof.firstDifference} on` };
  } catch (error) {
    const known = asUserError(error);
    if (signal.aborted || known === undefined) throw error;
    return { check: 'delta', result: 'fail', detail: `${file}: ${known.message}` };
  }
}

async function reopen({ plan, update, env, signal, progress }: ReproveRequest): Promise<Reproof> {
  const { file } = update.manifest.swu;
  const { signing } = plan;
  progress(`open ${file}`);
  const workDir = await mkdtemp(join(tmpdir(), 'release-plan-open-'));
  try {
    const { checks } = await openSwu(join(update.dir, file), {
      version: update.manifest.to,
      workDir,
      signal,
      ...(signing?.public === undefined ? {} : { trust: { method: signing.method, public: signing.public, env, planDir: plan.dir, signal } }),
    });
    const failed = checks.filter((one) => one.result === 'fail');
    const open = checks.filter((one) => one.result === 'not-checked' && one.check !== 'checksums');
    const words = (some: typeof checks): string => some.map((one) => `${one.check}: ${one.detail}`).join('; ');
    if (failed.length > 0) return { check: 'swu', result: 'fail', detail: `${file}: ${words(failed)}` };
    return { check: 'swu', result: open.length === 0 ? 'pass' : 'not-checked', detail: `${file}: ${words(checks)}` };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}
