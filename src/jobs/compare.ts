import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { HEADERS_ALONE } from '../archive/manifest.ts';
import { InvalidPlanError, ReleasePlanError } from '../core/errors.ts';
import { run, runForBytes } from '../io/process.ts';
import type { Plan } from '../core/plan.ts';
import { comparePlans, type PlanComparison, type PlanView } from '../plan/compare.ts';
import { checkPlan } from '../plan/load.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs, withoutFleet, type Inputs } from '../delivery/inputs.ts';
import { usesOf } from '../delivery/fleet/uses.ts';
import { stepsOf } from './report.ts';

export interface AgainstResult {
  comparison: PlanComparison;
  /** What could not be looked at, and why. */
  notes: string[];
}

/**
 * Says what a change of the plan would cause, from an earlier revision of it
 * to what it is now. Reads the manifests of the archive, where it is at hand,
 * and none of its images.
 *
 * @param revision a file, or what git knows as a commit in the plan's repository
 * @throws ReleasePlanError `revision-unknown`; InvalidPlanError when the earlier plan has errors
 */
export async function compareAgainst(
  plan: Plan,
  revision: string,
  host: Pick<Host, 'env' | 'signal'> & { cwd: string },
): Promise<AgainstResult> {
  return await withEarlier(plan, revision, host, async (earlier, { commit, template }) => {
    const inputs = await readInputs(plan, host.signal);
    const uses = await usesOf(inputs);
    // Where the fleet is out of reach, tags of the plan decide on both sides.
    const known = (one: Inputs): Inputs => ('unknown' in uses ? withoutFleet(one) : one);
    const before = await viewOf(known(await readInputs(withTemplate(earlier, template), host.signal, inputs)), host);
    const after = await viewOf(known(inputs), host);
    const comparison = comparePlans(before, after, 'unknown' in uses ? undefined : uses.byVersion);
    const notes = [
      ...(commit === undefined ? [] : await changedKasFiles(plan, commit, host.signal)).map(
        (file) =>
          `${file} differs from ${revision}: versions that are still to be built get it, archived ones are not ` +
          'built again.',
      ),
      ...('unknown' in uses && (comparison.removed.length > 0 || plan.fleet !== undefined)
        ? [`What devices run was not looked at: ${uses.unknown}.`]
        : []),
      ...(deliveryOf(plan).versionsIn === 'registry'
        ? ['Targets and tags are those of targets.json as it is now, on both sides.']
        : []),
    ];
    return { comparison, notes };
  });
}

/** @param template where a copy of the plan's own template is */
const withTemplate = (plan: Plan, template: string | undefined): Plan =>
  template === undefined ? plan : { ...plan, swu: { ...plan.swu, template } };

async function viewOf(inputs: Inputs, host: CompareHost): Promise<PlanView> {
  const snapshot = await deliveryOf(inputs.plan).survey(inputs, host, { reading: HEADERS_ALONE });
  return { plan: inputs.plan, pairs: snapshot.pairs, recipes: snapshot.recipes, steps: stepsOf(snapshot) };
}

type CompareHost = Parameters<typeof compareAgainst>[2];

/** Where the earlier plan was read from; nothing for a file. */
interface Place {
  commit?: string;
  /** A copy of its template as of the commit. */
  template?: string;
}

/** Reads a text of the plan as of the revision, as if it lay where the plan lies now. */
async function withEarlier<T>(
  plan: Plan,
  revision: string,
  host: CompareHost,
  body: (earlier: Plan, at: Place) => Promise<T>,
): Promise<T> {
  const file = resolve(host.cwd, revision);
  const isFile = (await stat(file).catch(() => undefined))?.isFile() === true;
  if (isFile) return await body(await planFrom(await readFile(file), plan, revision), {});
  const commit = await commitOf(revision, plan, host.signal);
  const earlier = await planFrom(
    await contentAt(commit, plan.file, plan, revision, host.signal),
    plan,
    `${revision}:${basename(plan.file)}`,
  );
  return await withTemplateAt(
    commit,
    earlier,
    revision,
    host.signal,
    async (template) => await body(earlier, { commit, ...(template === undefined ? {} : { template }) }),
  );
}

/** @param shown what the earlier plan is called in messages */
async function planFrom(content: Buffer, plan: Plan, shown: string): Promise<Plan> {
  const { plan: earlier, diagnostics } = await checkPlan(content, plan.file, { cwd: plan.dir, checkFiles: false });
  if (earlier !== undefined) return earlier;
  throw new InvalidPlanError(
    diagnostics.map((one) => (one.where === undefined ? one : { ...one, where: { ...one.where, file: shown } })),
  );
}

async function commitOf(revision: string, plan: Plan, signal: AbortSignal): Promise<string> {
  // What begins with a dash is no option of git's here.
  const { exitCode, stdout, stderr } = await run(
    'git',
    ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`],
    { cwd: plan.dir, okCodes: [0, 128], signal },
  );
  if (exitCode === 0) return stdout.trim();
  const isRepository = !stderr.includes('not a git repository');
  throw new ReleasePlanError(
    'revision-unknown',
    `${JSON.stringify(revision)} is no file, ` +
      `${isRepository ? `and git knows no such commit in ${plan.dir}` : `and ${plan.dir} is in no git repository`}`,
    isRepository ? { hint: `Is it fetched? \`git fetch origin ${revision}\`, then --against FETCH_HEAD.` } : {},
  );
}

/** A file's content in a commit. */
async function contentAt(
  commit: string,
  file: string,
  plan: Plan,
  revision: string,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    return Buffer.from(
      await runForBytes('git', ['show', `${commit}:./${relative(plan.dir, file)}`], { cwd: plan.dir, signal }),
    );
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'tool-failed') throw error;
    throw new ReleasePlanError('revision-unknown', `${revision} has no file ${relative(plan.dir, file)}`, {
      cause: error,
      hint: 'It may have had another name then: `git log --follow`, and give a file.',
    });
  }
}

/** The template of the earlier plan is that of its commit: its text decides whether updates are made again. */
async function withTemplateAt<T>(
  commit: string,
  earlier: Plan,
  revision: string,
  signal: AbortSignal,
  body: (template?: string) => Promise<T>,
): Promise<T> {
  const { template } = earlier.swu;
  if (template === undefined) return await body();
  const folder = await mkdtemp(join(tmpdir(), 'release-plan-against-'));
  try {
    const copy = join(folder, 'template');
    await writeFile(copy, await contentAt(commit, template, earlier, revision, signal));
    return await body(copy);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The kas files that the plan names and that differ from the commit, relative to the repository; what they include is
 * not looked at.
 */
async function changedKasFiles({ dir, kas, versions }: Plan, commit: string, signal: AbortSignal): Promise<string[]> {
  const files = [...(kas?.config ?? []), ...(kas?.deltaConfig ?? []), ...versions.flatMap((one) => one.kas)];
  if (files.length === 0) return [];
  const { stdout } = await run(
    'git',
    ['diff', '--name-only', '-z', commit, '--', ...files.map((file) => `:(literal)${relative(dir, file)}`)],
    { cwd: dir, signal },
  );
  return stdout.split('\0').filter((file) => file !== '');
}
