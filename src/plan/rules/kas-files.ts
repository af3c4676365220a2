import { readFile, stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { ifPresent } from '../../io/present.ts';
import { quote, type Finding } from '../finding.ts';
import { filesOf, numbered, type PlanSource } from '../source.ts';
import { gitRootOf, type Project } from './project.ts';

/** What kas files say of a build that a plan says too. */
const KEYS = ['machine', 'distro', 'target'] as const;
type Key = (typeof KEYS)[number];

/** What a chain of kas files ends with, as far as it can be read here. */
interface Chain {
  settings: Partial<Record<Key, { values: string[]; file: string }>>;
  /** Files that are on their way in, so that a circle ends. */
  visiting: Set<string>;
}

/** No kas file that people write is larger. */
const LARGEST_BYTES = 1024 * 1024;

/**
 * Machine, distro and target of the kas files are the plan's. kas is not
 * needed: what cannot be read (a file of another repository, a file that is
 * not there yet) decides nothing.
 *
 * @see kas docs, format of the configuration: later files win, a file comes after those that it includes
 */
export async function kasFilesAgree(plan: PlanSource, project: Project): Promise<Finding[]> {
  const base = filesOf(plan.kas?.config, ['kas', 'config']).map(({ file }) => file);
  const own = numbered(plan.versions).map(([, one]) => filesOf(one.kas, []).map(({ file }) => file));
  // Each version's chain; a plan without versions has its base chain alone.
  const chains = new Set((own.length === 0 ? [[]] : own).map((files) => JSON.stringify([...base, ...files])));
  const found = new Map<string, Finding>();
  for (const files of [...chains].map((one) => JSON.parse(one) as string[])) {
    const chain: Chain = { settings: {}, visiting: new Set() };
    for (const file of files) await readInto(chain, resolve(project.dir, file));
    for (const finding of differences(plan, chain, project)) found.set(finding.message, finding);
  }
  return [...found.values()];
}

function differences(plan: PlanSource, { settings }: Chain, { dir }: Project): Finding[] {
  const shown = (file: string): string => relative(dir, file);
  const findings: Finding[] = [];
  for (const key of ['machine', 'distro'] as const) {
    const [planned, said] = [plan[key], settings[key]];
    if (typeof planned !== 'string' || said === undefined || said.values[0] === planned) continue;
    findings.push({
      code: 'kas-differs',
      at: [key],
      message: `${key} is ${quote(planned)} here and ${quote(said.values[0])} in ${shown(said.file)}`,
      hint: 'kas builds what its files say; use the same value in both.',
    });
  }
  const { image } = plan;
  const targets = settings.target;
  if (typeof image === 'string' && targets !== undefined && !targets.values.some((one) => builds(one, image)))
    findings.push({
      code: 'kas-differs',
      severity: 'warning',
      at: ['image'],
      message: `image is ${quote(image)}, and ${shown(targets.file)} builds ${targets.values.map(quote).join(', ')}`,
      hint: 'Set `image` to the image recipe, or set `target` in the kas file.',
    });
  return findings;
}

/** `mc:board:image` and `image:do_task` build the image, too. */
const builds = (target: string, image: string): boolean => target.split(':').includes(image);

/** Reads a file, after those that it includes. */
async function readInto(chain: Chain, path: string): Promise<void> {
  if (chain.visiting.has(path)) return;
  const content = await contentOf(path);
  if (content === undefined) return;
  chain.visiting.add(path);
  for (const include of includesOf(content)) {
    const found = typeof include === 'string' ? await findInclude(include, path) : undefined;
    // What cannot be read may set anything: what came before it counts no more.
    if (found === undefined) chain.settings = {};
    else await readInto(chain, found);
  }
  chain.visiting.delete(path);
  for (const key of KEYS) {
    const values = [content[key]].flat().filter((one) => typeof one === 'string');
    if (values.length > 0) chain.settings[key] = { values, file: path };
  }
}

function includesOf(content: Record<string, unknown>): unknown[] {
  const { header } = content;
  const includes = header !== null && typeof header === 'object' && 'includes' in header ? header.includes : [];
  return Array.isArray(includes) ? includes : [];
}

/** From the root of the repository, as kas has it; beside the file, as it had it once. */
async function findInclude(include: string, from: string): Promise<string | undefined> {
  const root = await gitRootOf(dirname(from));
  for (const folder of [...(root === undefined ? [] : [root]), dirname(from)]) {
    const path = resolve(folder, include);
    if ((await contentOf(path)) !== undefined) return path;
  }
  return undefined;
}

/** A kas file as a map; undefined for what is not one. */
async function contentOf(path: string): Promise<Record<string, unknown> | undefined> {
  const found = await ifPresent(stat(path));
  if (found?.isFile() !== true || found.size > LARGEST_BYTES) return undefined;
  const document = parseDocument(await readFile(path, 'utf8'), { logLevel: 'error', prettyErrors: false });
  if (document.errors.length > 0) return undefined;
  const content: unknown = document.toJS({ maxAliasCount: 100 });
  return content !== null && typeof content === 'object' && !Array.isArray(content)
    ? (content as Record<string, unknown>)
    : undefined;
}
