import { stat, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { HEADERS_ALONE } from '../archive/manifest.ts';
import { InvalidPlanError, ReleasePlanError } from '../core/errors.ts';
import { readRegular } from '../io/regular.ts';
import { withScratch } from '../io/scratch.ts';
import { git, gitBlob } from '../io/git.ts';
import { ifPresent } from '../io/present.ts';
import type { Plan } from '../core/plan.ts';
import { comparePlans, type PlanComparison, type PlanView } from '../plan/compare.ts';
import { checkPlan } from '../plan/load.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs, withoutFleet, type Inputs } from '../delivery/inputs.ts';
import { usesOf } from '../delivery/fleet/uses.ts';
import { storedReading } from '../hosts/store/stored-reading.ts';
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
  host: Pick<Host, 'env' | 'signal' | 'runsCommands'> & { cwd: string },
): Promise<AgainstResult> {
  return await withEarlier(plan, revision, host, async (earlier, { commit, template, isNew = false }) => {
    const inputs = await readInputs(plan, host);
    const uses = await usesOf(inputs);
    // Where the fleet is out of reach, tags of the plan decide on both sides.
    const known = (one: Inputs): Inputs => ('unknown' in uses ? withoutFleet(one) : one);
    const before = await viewOf(known(await readInputs(withTemplate(earlier, template), host, inputs)), host);
    const after = await viewOf(known(inputs), host);
    const comparison = comparePlans(before, after, 'unknown' in uses ? devicesUnknown(plan) : uses.byVersion);
    const notes = [
      ...(isNew
        ? [`${revision} has no ${basename(plan.file)}: the plan is new or had another name (then pass that file).`]
        : []),
      ...(commit === undefined || isNew ? [] : await changedKasFiles(plan, commit, host.signal)).map(
        (file) => `${file} differs from ${revision}; versions not yet built use it, archived ones are not built again.`,
      ),
      ...('unknown' in uses && (comparison.removed.length > 0 || plan.fleet !== undefined)
        ? [`What devices run was not checked: ${uses.unknown}.`]
        : []),
      ...(deliveryOf(plan).versionsIn === 'registry'
        ? ['Both sides use the Targets and tags that targets.json has now.']
        : []),
    ];
    return { comparison, notes };
  });
}

/** A plan without a fleet has nobody to ask; where there is one, what it would say is not known. */
const devicesUnknown = (plan: Plan): 'none' | 'unknown' => (plan.fleet === undefined ? 'none' : 'unknown');

/** @param template where a copy of the plan's own template is */
const withTemplate = (plan: Plan, template: string | undefined): Plan =>
  template === undefined ? plan : { ...plan, swu: { ...plan.swu, template } };

async function viewOf(inputs: Inputs, host: CompareHost): Promise<PlanView> {
  const snapshot = await deliveryOf(inputs.plan).survey(inputs, host, {
    reading: { ...HEADERS_ALONE, ...(await storedReading(inputs.plan)) },
  });
  return { plan: inputs.plan, pairs: snapshot.pairs, recipes: snapshot.recipes, steps: stepsOf(snapshot) };
}

type CompareHost = Parameters<typeof compareAgainst>[2];

/** Where the earlier plan was read from; nothing for a file. */
interface Place {
  commit?: string;
  /** A copy of its template as of the commit. */
  template?: string;
  /** The commit has no such plan. */
  isNew?: boolean;
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
  if (isFile) return await body(await planFrom(await readRegular(file, host), plan, revision), {});
  const commit = await commitOf(revision, plan, host.signal);
  const content = await orAbsent(contentAt(commit, plan.file, plan, revision, host.signal));
  // A plan that the branch adds: nothing was planned before it.
  if (content === undefined) return await body({ ...plan, versions: [], deltas: [] }, { commit, isNew: true });
  const earlier = await planFrom(content, plan, `${revision}:${basename(plan.file)}`);
  return await withTemplateAt(
    commit,
    earlier,
    revision,
    host.signal,
    async (template) => await body(earlier, { commit, ...(template === undefined ? {} : { template }) }),
  );
}

/** A file that a commit does not have is none. */
async function orAbsent(content: Promise<Buffer>): Promise<Buffer | undefined> {
  try {
    return await content;
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'revision-unknown') return undefined;
    throw error;
  }
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
  const { exitCode, stdout, stderr } = await git(
    ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`],
    { cwd: plan.dir, okCodes: [0, 128], signal },
  );
  if (exitCode === 0) return stdout.trim();
  const isRepository = !stderr.includes('not a git repository');
  throw new ReleasePlanError(
    'revision-unknown',
    `${JSON.stringify(revision)} is not a file, ` +
      `${isRepository ? `and not a commit in ${plan.dir}` : `and ${plan.dir} is not in a git repository`}`,
    isRepository ? { hint: `If it was not fetched: \`git fetch origin ${revision}\`, then --against FETCH_HEAD.` } : {},
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
    return await gitBlob(commit, `./${relative(plan.dir, file)}`, { cwd: plan.dir, signal });
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'tool-failed') throw error;
    throw new ReleasePlanError('revision-unknown', `${revision} has no file ${relative(plan.dir, file)}`, {
      cause: error,
      hint: 'It may have had another name then; find it with `git log --follow`, and pass a file.',
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
  const content = await contentAt(commit, template, earlier, revision, signal);
  return await withScratch('against', content.length, async (folder) => {
    const copy = join(folder, 'template');
    await writeFile(copy, content);
    return await body(copy);
  });
}

/**
 * The kas files that the plan names and that differ from the commit, relative
 * to the repository; what they include is not looked at. Bytes are compared:
 * a `git diff` of the working tree would run the filters that attributes name.
 */
async function changedKasFiles({ dir, kas, versions }: Plan, commit: string, signal: AbortSignal): Promise<string[]> {
  const files = [...(kas?.config ?? []), ...(kas?.deltaConfig ?? []), ...versions.flatMap((one) => one.kas)];
  if (files.length === 0) return [];
  const { stdout: prefix } = await git(['rev-parse', '--show-prefix'], { cwd: dir, signal });
  const changed: string[] = [];
  for (const file of new Set(files.map((one) => relative(dir, one)))) {
    const before = await gitBlob(commit, `./${file}`, { cwd: dir, signal }).catch(absentIfFailed);
    const now = await ifPresent(readRegular(resolve(dir, file), { signal }));
    if (before === undefined ? now !== undefined : now === undefined || !before.equals(now))
      changed.push(join(prefix, file));
  }
  return changed;
}

/** The commit has no such file, or a folder of that name. */
function absentIfFailed(error: unknown): undefined {
  if (!(error instanceof ReleasePlanError) || error.code !== 'tool-failed') throw error;
}
