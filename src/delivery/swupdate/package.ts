import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import type { PackageInfo, Proof } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { digestFile } from '../../io/hash.ts';
import { readAesKey } from '../../swu/aes.ts';
import { buildSwu } from '../../swu/build.ts';
import { inspectSwu, type InspectedSwu } from '../../swu/inspect.ts';
import { unforgiven } from '../../swu/lint/index.ts';
import type { DeltaEngine } from '../engines/engine.ts';
import type { Idle } from '../host.ts';
import { proveWithSwupdate } from './device.ts';
import { expectedOf, leftOut } from './expected.ts';
import { proveInstall } from './installs.ts';
import { makePayloads, type Payloads, type Traveller } from './payloads.ts';

/** Proven payloads, ready to be packed. */
export interface PackageRequest {
  plan: Plan;
  /** The version that devices come from; undefined for a full package. */
  from?: string;
  to: string;
  travellers: readonly Traveller[];
  /** That of the pair; undefined for a full package. */
  engine?: DeltaEngine;
  /** For intermediate files; whoever calls removes it. */
  workDir: string;
  /** The .swu. */
  out: string;
  /** A package that the engine made itself: taken as it is, and checked like any other. */
  ready?: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  progress(message: string): void;
  warn(message: string): void;
  idle?: Idle | undefined;
}

export interface MadePackage {
  swu: PackageInfo;
  proof: Proof[];
}

/**
 * Makes a .swu, signs it, opens it again as a device would, and proves it on
 * the device's own code where that is here.
 *
 * @throws ReleasePlanError `pair-inconsistent` when what was packed is not what
 *   its sw-description says, or says less than the plan; and what signing and packing throw
 */
export async function makePackage(request: PackageRequest): Promise<MadePackage> {
  const { plan, out, env, signal, workDir, travellers, engine, idle } = request;
  request.progress('pack and sign');
  const payloads = await makePayloads(travellers, plan.swu.compress, {
    workDir,
    signal,
    ...(engine === undefined ? {} : { engine }),
  });
  const notes = request.ready === undefined ? await pack(request, payloads) : await take(request.ready, out);
  request.progress('verify the package');
  const opened = await openAgain(request, payloads);
  const proof = proofOf(request, opened, notes);
  request.progress('let swupdate check it');
  proof.push(await proveWithSwupdate({ plan, swu: out, env, signal, idle }));
  request.progress('install it');
  proof.push(await proveInstall({ plan, swu: out, opened, payloads, travellers, env, signal }));
  const signed = plan.signing?.method ?? 'no';
  return {
    swu: { file: basename(out), ...(await digestFile(out, signal)), signed, compress: plan.swu.compress },
    proof,
  };
}

async function take(ready: string, out: string): Promise<string[]> {
  await copyFile(ready, out);
  return ['made by the delta build itself'];
}

async function pack({ plan, from, to, out, env, signal, warn }: PackageRequest, payloads: Payloads): Promise<string[]> {
  const built = await buildSwu({
    product: plan.product,
    machine: plan.machine,
    ...(from === undefined ? {} : { from }),
    to,
    swu: plan.swu,
    ...payloads,
    ...(plan.signing === undefined ? {} : { signing: plan.signing }),
    context: { env, planDir: plan.dir, signal },
    out,
  });
  for (const warning of built.warnings) warn(warning.message);
  return [...built.notes, ...payloads.unchanged.map(({ name }) => `${name} is left out: it is as in ${from ?? to}`)];
}

async function openAgain(
  { plan, out, to, workDir, env, signal, ready }: PackageRequest,
  payloads: Payloads,
): Promise<InspectedSwu> {
  const { signing, swu } = plan;
  const context = { env, planDir: plan.dir };
  return await inspectSwu(out, {
    version: to,
    workDir: join(workDir, 'opened'),
    signal,
    // How a build of the user's own names its members is its own business.
    ...(ready === undefined ? { expected: expectedOf(plan, to, payloads) } : {}),
    ...(swu.encrypt === undefined ? {} : { aes: await readAesKey(swu.encrypt.key, context) }),
    ...(signing?.public === undefined
      ? {}
      : { trust: { method: signing.method, public: signing.public, ...context, signal } }),
  });
}

function proofOf({ out, plan }: PackageRequest, { checks, findings }: InspectedSwu, notes: readonly string[]): Proof[] {
  const failed = checks.filter((one) => one.result === 'fail').map((one) => `${one.check}: ${one.detail}`);
  const wrong = unforgiven(findings, leftOut(plan.swu)).map((one) => `${one.code}: ${one.message}`);
  if (failed.length + wrong.length > 0)
    throw new ReleasePlanError('pair-inconsistent', `${basename(out)}: ${[...failed, ...wrong].join('; ')}`);
  // The newc format has no checksums to check; without a signature nothing is shown to a device.
  const shown = checks.every((one) => one.result === 'pass' || one.check === 'checksums');
  const detail = [...checks.map((one) => `${one.check}: ${one.detail}`), ...notes].join('; ');
  const told = findings.map((one) => `${one.code}: ${one.message}`);
  return [
    { check: 'swu-opens', result: shown ? 'pass' : 'not-checked', detail },
    { check: 'swu-content', result: 'pass', detail: told.length === 0 ? 'no findings' : told.join('; ') },
  ];
}
