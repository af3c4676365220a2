/**
 * A sw-description as devices see it: one view for each board and selection,
 * with the typed entries that a device of that board finds there.
 *
 * @see SWUpdate's parser/parser.c, find_node: which group a device looks into first
 */
import type { ConfigValue } from './libconfig.ts';
import { followLink, isGroup, lookUp, parseTree, type Group } from './tree.ts';

/** A software set and a mode of it: what `-e set,mode` chooses. */
export interface Selection {
  set: string;
  mode: string;
}

/** Something that a view installs, runs or checks. */
export interface Entry {
  section: 'images' | 'files' | 'scripts' | 'partitions';
  /** The handler; SWUpdate's own default where the entry names none. */
  type: string;
  name?: string;
  version?: string;
  /** The member of the package. */
  filename?: string;
  /** 64 hex digits in lower case. */
  sha256?: string;
  device?: string;
  path?: string;
  volume?: string;
  /** `zlib`, `zstd`, `xz`, ...; `true` of old descriptions counts as `zlib`. */
  compressed?: string;
  isEncrypted: boolean;
  /** The iv of this entry alone, 32 hex digits. */
  iv?: string;
  isInstalledDirectly: boolean;
  /** The Lua function that is called when the entry is read. */
  hook?: string;
  data?: string;
  /** Values that are lists keep their first text. */
  properties: Readonly<Record<string, string>>;
}

/** What a device of one board finds in a package when it is given one selection. */
export interface View {
  /** The first word of `swupdate -H`; undefined for a device without one. */
  board?: string;
  /** What `-e` chooses; undefined for a device that is given none. */
  selection?: Selection;
  /** hardware-compatibility; undefined when there is none, which devices with a board refuse. */
  hardware?: string[];
  entries: Entry[];
  bootenv: Array<{ name: string; value: string }>;
}

/** A sw-description, typed. */
export interface SwDescription {
  version?: string;
  description?: string;
  /** Lua that runs while the description is read. */
  embeddedScript?: string;
  views: View[];
}

const SECTIONS = ['partitions', 'images', 'files', 'scripts'] as const;
const INSTALLABLE = [...SECTIONS, 'bootenv', 'uboot'] as const;
/** Settings of `software`, or of a board, that are no board, set or mode. */
const NO_GROUPS = new Set<string>([...INSTALLABLE, 'hardware-compatibility', 'embedded-script', 'properties']);

/** `board, -e set,mode`: a view as messages name it. */
export const viewName = ({ board, selection }: Pick<View, 'board' | 'selection'>): string =>
  [board ?? 'any board', ...(selection === undefined ? [] : [`-e ${selection.set},${selection.mode}`])].join(' ');

/**
 * Reads a sw-description, libconfig or JSON.
 *
 * @throws ReleasePlanError `swu-template` when it is neither, or has no group `software`
 */
export function readViews(source: string): SwDescription {
  const root = parseTree(source);
  const { software } = root;
  return {
    ...texts(software, { version: 'version', description: 'description', embeddedScript: 'embedded-script' }),
    views: placesOf(root).map(({ board, selection }) => viewOf(root, board, selection)),
  };
}

interface Place {
  board?: string;
  selection?: Selection;
}

/**
 * Every board and selection that leads to something installable. A group with
 * installable settings lies one deep (a board), two deep (a set and its mode),
 * or three (both).
 */
function placesOf(root: Group): Place[] {
  const places: Place[] = holdsInstallables(root, ['software']) ? [{}] : [];
  for (const first of groupsBelow(root, ['software'])) {
    if (holdsInstallables(root, ['software', first])) places.push({ board: first });
    for (const second of groupsBelow(root, ['software', first])) {
      if (holdsInstallables(root, ['software', first, second]))
        places.push({ selection: { set: first, mode: second } });
      for (const third of groupsBelow(root, ['software', first, second]))
        if (holdsInstallables(root, ['software', first, second, third]))
          places.push({ board: first, selection: { set: second, mode: third } });
    }
  }
  return places;
}

function groupsBelow(root: Group, path: readonly string[]): string[] {
  const group = lookUp(root, path);
  if (!isGroup(group)) return [];
  return Object.keys(group).filter((name) => !NO_GROUPS.has(name) && isGroup(lookUp(root, [...path, name])));
}

function holdsInstallables(root: Group, path: readonly string[]): boolean {
  return INSTALLABLE.some((name) => Array.isArray(lookUp(root, [...path, name])));
}

function viewOf(root: Group, board: string | undefined, selection: Selection | undefined): View {
  const places = placesSearched(board, selection);
  /** The first place with this setting decides, each setting by itself. */
  const find = (name: string): { path: string[]; value: ConfigValue } | undefined => {
    for (const place of places) {
      const path = ['software', ...place, name];
      const value = lookUp(root, path);
      if (value !== undefined) return { path, value };
    }
    return undefined;
  };
  const hardware = find('hardware-compatibility')?.value;
  const entries = SECTIONS.flatMap((section) => {
    const found = find(section);
    return found === undefined ? [] : itemsOf(root, found).map((item) => entryOf(section, item));
  });
  const bootenv = find('uboot') ?? find('bootenv');
  return {
    ...(board === undefined ? {} : { board }),
    ...(selection === undefined ? {} : { selection }),
    ...(Array.isArray(hardware) ? { hardware: hardware.filter((one): one is string => typeof one === 'string') } : {}),
    entries,
    bootenv: bootenv === undefined ? [] : itemsOf(root, bootenv).flatMap(variableOf),
  };
}

/** Where a device looks, in this order. */
function placesSearched(board: string | undefined, selection: Selection | undefined): string[][] {
  const chosen = selection === undefined ? [] : [selection.set, selection.mode];
  const ofBoard = board === undefined ? [] : [board];
  const all = [[...ofBoard, ...chosen], chosen, ofBoard, []];
  return all.filter((one, index) => all.findIndex((other) => other.join('\0') === one.join('\0')) === index);
}

/** The groups of a list; one that is a link stands for what it names. */
function itemsOf(root: Group, { path, value }: { path: readonly string[]; value: ConfigValue }): Group[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => {
    if (!isGroup(item)) return [];
    if (typeof item.ref !== 'string') return [item];
    const target = followLink(path, item.ref);
    const linked = target === undefined ? undefined : lookUp(root, target);
    return isGroup(linked) ? [linked] : [];
  });
}

function variableOf(item: Group): Array<{ name: string; value: string }> {
  if (typeof item.name !== 'string') return [];
  return [{ name: item.name, value: typeof item.value === 'string' ? item.value : '' }];
}

/** The settings of a group that are texts, under names of our own. */
function texts<Name extends string>(group: Group, wanted: Record<Name, string>): { [K in Name]?: string } {
  const found = Object.entries<string>(wanted).filter(([, name]) => typeof group[name] === 'string');
  return Object.fromEntries(found.map(([own, name]) => [own, group[name]])) as { [K in Name]?: string };
}

function entryOf(section: Entry['section'], item: Group): Entry {
  const found = texts(item, {
    name: 'name',
    version: 'version',
    filename: 'filename',
    device: 'device',
    path: 'path',
    volume: 'volume',
    hook: 'hook',
    data: 'data',
  });
  const compressed = item.compressed === true ? 'zlib' : item.compressed;
  return {
    section,
    ...found,
    type: typeof item.type === 'string' ? item.type : defaultType(section, found),
    ...(typeof item.sha256 === 'string' ? { sha256: item.sha256.toLowerCase() } : {}),
    ...(typeof compressed === 'string' ? { compressed } : {}),
    // Newer releases take the name of the cipher in place of true.
    isEncrypted: item.encrypted === true || typeof item.encrypted === 'string',
    ...(typeof item.ivt === 'string' ? { iv: item.ivt.toLowerCase() } : {}),
    isInstalledDirectly: item['installed-directly'] === true,
    properties: propertiesOf(item.properties),
  };
}

function defaultType(section: Entry['section'], { volume }: { volume?: string }): string {
  switch (section) {
    case 'images':
      return volume === undefined ? 'raw' : 'ubivol';
    case 'files':
      return 'rawfile';
    case 'scripts':
      return 'lua';
    case 'partitions':
      return 'ubipartition';
  }
}

function propertiesOf(value: ConfigValue | undefined): Record<string, string> {
  if (!isGroup(value)) return {};
  const pairs = Object.entries(value).map(([name, one]) => [name, Array.isArray(one) ? one[0] : one] as const);
  return Object.fromEntries(pairs.filter(([, one]) => one !== undefined).map(([name, one]) => [name, String(one)]));
}
