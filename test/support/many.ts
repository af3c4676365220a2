/** A product whose versions are archived without a build, with several deltas that are due. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { snapshot } from '../faults/rig.ts';
import { archive } from './archived.ts';
import { product, type Product } from './product.ts';
import { scratch } from './scratch.ts';
import { requirePlan } from '../../src/plan/load.ts';

export const PAIRS = [
  { from: '0.2.0', to: '0.3.0' },
  { from: '0.1.0', to: '0.4.0' },
  { from: '0.2.0', to: '0.4.0' },
  { from: '0.3.0', to: '0.4.0' },
];

export interface ManyProduct extends Product {
  /** Makes runs comparable: equal times, a TMPDIR of their own. */
  env: NodeJS.ProcessEnv;
  tmp: string;
  /** The archive as it was before the first delta. */
  reset(): void;
  /** The archive with every delta, made one at a time. */
  reference: ReadonlyMap<string, string>;
}

/** Signed by rsa, which signs equal bytes alike; cms would put the time in. */
export async function manyProduct(name: string): Promise<ManyProduct> {
  const here = product(name);
  const tmp = scratch(`${name}-tmp`);
  const env = { ...process.env, TMPDIR: tmp, SOURCE_DATE_EPOCH: '1700000000' };
  here.edit((plan) => {
    plan.versions = ['0.1.0', '0.2.0', '0.3.0', '0.4.0'].map((version) => ({ version }));
    plan.deltas = ['0.3.0', '0.4.0'].map((to) => ({
      to,
      from: PAIRS.filter((pair) => pair.to === to).map(({ from }) => from),
      engine: 'rdiff',
    }));
    plan.signing = { method: 'rsa', key: join(here.keys, 'rsa.pem'), public: join(here.keys, 'rsa.pub.pem') };
  });
  const { plan } = await requirePlan('plan.yml', { cwd: here.dir });
  for (const { version } of plan.versions) await archive(plan, version);
  const root = join(here.dir, 'artifacts');
  const kept = join(scratch(`${name}-kept`), 'artifacts');
  // The run that starts the archive gives it its id.
  await requireOk(here, ['apply', 'plan.yml', '--only', 'build'], env);
  cpSync(root, kept, { recursive: true, preserveTimestamps: true });
  const reset = (): void => {
    rmSync(root, { recursive: true, force: true });
    cpSync(kept, root, { recursive: true, preserveTimestamps: true });
  };
  await requireOk(here, ['apply', 'plan.yml', '--jobs', '1'], env);
  const reference = snapshot(here);
  reset();
  return { ...here, env, tmp, reset, reference };
}

async function requireOk(here: Product, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const run = await here.run(args, env);
  if (run.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${run.exitCode}: ${run.stderr}${run.stdout}`);
}
