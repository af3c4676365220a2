/** What a package says of its guards and readbacks, whoever made them. */
import type { Entry, SwDescription, View } from '../views.ts';

/** What is known of the check of a base before anything is written. */
export interface Guard {
  sha256: string;
  sizeBytes?: number;
  /** Size of the image that the target must be able to hold. */
  imageBytes?: number;
}

const SHA256 = /^[0-9a-f]{64}$/;
const PREINSTALL = new Set(['shellscript', 'preinstall', 'lua']);

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/**
 * The guard of a delta entry: a script that is given the base and a sha256, or
 * a hook of the entry whose properties hold one.
 */
export function guardOf(entry: Entry, view: View, description: SwDescription): Guard | undefined {
  return hookGuard(entry, description) ?? view.entries.flatMap((one) => scriptGuard(one, entry))[0];
}

function hookGuard(entry: Entry, { embeddedScript }: SwDescription): Guard | undefined {
  const sha256 = entry.properties['base-sha256'];
  if (entry.hook === undefined || embeddedScript?.includes(entry.hook) !== true || !SHA256.test(sha256 ?? ''))
    return undefined;
  return guard(sha256 ?? '', entry.properties['base-size'], entry.properties['image-size']);
}

function scriptGuard(script: Entry, entry: Entry): Guard[] {
  if (script.section !== 'scripts' || !PREINSTALL.has(script.type) || script.filename === undefined) return [];
  const words = (script.data ?? '').split(/\s+/);
  const base = entry.properties.rdiffbase ?? entry.path;
  const sha256 = words.find((one) => SHA256.test(one));
  if (base === undefined || sha256 === undefined || !words.includes(base)) return [];
  // check-base.sh: BASE BYTES SHA256 TARGET TARGET_BYTES
  return [guard(sha256, words[1], words[4])];
}

function guard(sha256: string, base: string | undefined, image: string | undefined): Guard {
  const [sizeBytes, imageBytes] = [wholeNumber(base), wholeNumber(image)];
  return {
    sha256,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(imageBytes === undefined ? {} : { imageBytes }),
  };
}

/** Whether the size of a target, and whether it is in use, are looked at before it is written. */
export function isTargetGuarded(entry: Entry, view: View, { embeddedScript }: SwDescription): boolean {
  if (entry.hook !== undefined && embeddedScript?.includes(entry.hook) === true) return true;
  return view.entries.some(
    (one) =>
      one.section === 'scripts' &&
      PREINSTALL.has(one.type) &&
      entry.device !== undefined &&
      (one.data ?? '').split(/\s+/).includes(entry.device),
  );
}

/** The sha256 that a device must hold after everything is written. */
export function readbackOf(device: string | undefined, view: View): { sha256: string; size: string } | undefined {
  const found = view.entries.find((one) => one.type === 'readback' && one.device === device);
  const { sha256 = '', size = '' } = found?.properties ?? {};
  return SHA256.test(sha256) && /^[1-9]\d*$/.test(size) ? { sha256, size } : undefined;
}
