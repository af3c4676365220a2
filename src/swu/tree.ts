/** A sw-description as a tree of values, in libconfig or JSON, and the links within it. */
import { ReleasePlanError, messageOf } from '../core/errors.ts';
import { parseLibconfig, type ConfigValue } from './libconfig.ts';

/** A group of settings. */
export type Group = { [name: string]: ConfigValue };

// JSON has null, libconfig has not.
export const isGroup = (value: ConfigValue | null | undefined): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads a sw-description, libconfig or JSON as SWUpdate does.
 *
 * @returns everything above the group `software` as well
 * @throws ReleasePlanError `swu-template` when it is neither, or has no group `software`
 */
export function parseTree(source: string): Group & { software: Group } {
  // A libconfig file starts with a name, a JSON file with a brace: they cannot be taken for one another.
  const root = source.trimStart().startsWith('{') ? parseJson(source) : parseLibconfig(source);
  const { software } = root;
  if (!isGroup(software)) throw new ReleasePlanError('swu-template', 'sw-description has no group "software"');
  return { ...root, software };
}

function parseJson(source: string): Group {
  try {
    return JSON.parse(source) as Group;
  } catch (error) {
    throw new ReleasePlanError('swu-template', `sw-description is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** SWUpdate follows as many links in a row (MAX_LINKS_DEPTH of include/parselib-private.h). */
const MAX_LINKS = 10;

/**
 * The group at a path of names from the root, with links followed on the way:
 * a group that holds `ref` stands for the one that it names.
 *
 * @returns undefined where nothing stands, or a link leads nowhere
 * @see SWUpdate's doc/source/sw-description.rst, "Links"
 */
export function lookUp(root: Group, path: readonly string[], linksLeft = MAX_LINKS): ConfigValue | undefined {
  let value: ConfigValue | undefined = root;
  for (const [depth, name] of path.entries()) {
    if (!isGroup(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
    if (isGroup(value) && typeof value.ref === 'string') {
      const target = followLink(path.slice(0, depth + 1), value.ref);
      if (target === undefined || linksLeft === 0) return undefined;
      return lookUp(root, [...target, ...path.slice(depth + 1)], linksLeft - 1);
    }
  }
  return value;
}

/**
 * Where the `ref` of the group at a path leads: `#./x` is its sibling x,
 * `#../x` a sibling of its parent, anything else starts at the root.
 */
export function followLink(from: readonly string[], ref: string): string[] | undefined {
  if (!ref.startsWith('#')) return undefined;
  const steps = ref
    .slice(1)
    .split('/')
    .filter((one) => one !== '');
  const up = steps.findIndex((one) => one !== '.' && one !== '..');
  const names = up === -1 ? [] : steps.slice(up);
  if (names.length === 0) return undefined;
  if (up === 0) return names;
  const parents = 1 + steps.slice(0, up).filter((one) => one === '..').length;
  return parents > from.length ? undefined : [...from.slice(0, from.length - parents), ...names];
}
