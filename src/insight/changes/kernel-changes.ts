import type { OpenImage } from '../filesystem/index.ts';
import { filesIn, readTexts } from '../packages/files.ts';

/** What differs in the kernel. */
export interface KernelChanges {
  /** Releases that have modules in the images: `6.6.23-yocto-standard`. */
  from: string[];
  to: string[];
  /** Options that differ, null where one is not set; null when a version has no configuration to read. */
  options: Array<{ option: string; from: string | null; to: string | null }> | null;
}

/** What an image has of a kernel. */
export interface ImageKernel {
  releases: string[];
  /** Text of a `.config`, where the image has one in /boot. */
  configuration?: string;
}

const MODULES = ['/lib/modules', '/usr/lib/modules'];

/** Releases by the folders of their modules, and the configuration in /boot. */
export async function kernelOf(image: OpenImage, signal?: AbortSignal): Promise<ImageKernel> {
  const { tree } = image;
  const names = tree.namesByFolder();
  const releases = new Set<string>();
  for (const folder of MODULES) {
    const at = tree.resolve(folder);
    for (const name of at === undefined ? [] : (names.get(at) ?? [])) {
      const entry = tree.find(`${tree.pathOf(at ?? 0)}/${name}`);
      if (entry !== undefined && tree.inodes[tree.inodeOf(entry)]?.kind === 'folder') releases.add(name);
    }
  }
  const file = [...filesIn(image, '/boot')].find(([name]) => isConfigurationName(name));
  const text = file === undefined ? undefined : (await readTexts(image, [file[1]], signal)).get(file[1]);
  return { releases: [...releases].sort(), ...(text === undefined ? {} : { configuration: text }) };
}

/** `config-6.6.23`, `kernel-config`, `.config`, `defconfig.config`. */
export const isConfigurationName = (name: string): boolean => /^(kernel[-_.])?config([-_.].*)?$|\.config$/.test(name);

/**
 * Options of a kernel's configuration.
 *
 * @returns undefined for a text that is none
 * @see linux scripts/kconfig/confdata.c
 */
export function parseConfiguration(text: string): Map<string, string> | undefined {
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, set, value] = /^(CONFIG_\w+)=(.*)$/.exec(line) ?? [];
    const unset = /^# (CONFIG_\w+) is not set$/.exec(line)?.[1];
    if (set !== undefined) options.set(set, value ?? '');
    else if (unset !== undefined) options.set(unset, 'n');
  }
  return options.size === 0 ? undefined : options;
}

/** Options that differ, by name; one that is not there is as good as one that is not set. Pure. */
export function compareConfigurations(
  from: ReadonlyMap<string, string>,
  to: ReadonlyMap<string, string>,
): NonNullable<KernelChanges['options']> {
  return [...new Set([...from.keys(), ...to.keys()])]
    .sort()
    .filter((option) => (from.get(option) ?? 'n') !== (to.get(option) ?? 'n'))
    .map((option) => ({ option, from: from.get(option) ?? null, to: to.get(option) ?? null }));
}
