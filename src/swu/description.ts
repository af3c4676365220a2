/** The sw-description: what a device is told to write where, and to check before and after. Pure. */
import type { Partition, SwuSettings } from '../core/plan.ts';
import { ReleasePlanError, messageOf } from '../core/errors.ts';
import type { FileDigest } from '../io/hash.ts';
import { renderTemplate } from '../io/template.ts';
import { isSettingName, quoteString } from './libconfig.ts';
import { targetsOf, type Slot } from './devices.ts';

/** How a payload is compressed inside the .swu. */
export type Compression = SwuSettings['compress'];

/** One partition of an update: the payload and what it must turn into what. */
export interface UpdatePartition {
  /** Name of the partition, as in the plan. */
  name: string;
  /** `rdiff`: the payload is a librsync delta; `raw`: it is the image. */
  kind: 'rdiff' | 'raw';
  /** Name of the payload as a member of the .swu. */
  payloadName: string;
  /** The payload as stored, so after compression. */
  payload: FileDigest;
  compression: Compression;
  /** Size of the payload before compression. */
  decompressedSizeBytes: number;
  /** The image as it must stand on the target afterwards. */
  image: FileDigest;
  /** The image that the base must hold; needed for `rdiff`. */
  base?: FileDigest;
  target: Partition['target'];
}

/** What a sw-description is made from. */
export interface UpdateDescription {
  product: string;
  machine: string;
  from: string;
  to: string;
  swu: SwuSettings;
  partitions: readonly UpdatePartition[];
  /** The template's text. */
  template: string;
  /** The shell guard as a member of the .swu; needed for `guard: shell`. */
  guardScript?: { name: string } & FileDigest;
  /** The text of the Lua guard; needed for `guard: lua`. */
  guardLua?: string;
}

/** A sw-description and what the report says of it. */
export interface Described {
  text: string;
  /** What could not be asked of the device, one sentence each. */
  notes: string[];
}

/** SWUpdate's readback takes sizes as 32-bit numbers (handlers/readback_handler.c). */
const READBACK_LIMIT_BYTES = 2 ** 32;

/** SWUpdate's words for the compressions: its "zlib" is the gzip format. */
const COMPRESSED: Readonly<Record<Compression, string | null>> = { gzip: 'zlib', zstd: 'zstd', none: null };

/**
 * Renders the sw-description of an update.
 *
 * With slots on any partition there are two selections: `stable,main` writes
 * slot a from the base in slot b, `stable,alt` writes b from a; partitions
 * without slots stand in both. Without slots no selection is needed.
 *
 * @throws ReleasePlanError `swu-device`, `swu-board`, `swu-bootenv`, `swu-template`
 */
export function describeUpdate(update: UpdateDescription): Described {
  const slotted = update.partitions.some((one) => 'slots' in one.target);
  const { guardScript, guardLua } = update;
  const data = {
    product: update.product,
    machine: update.machine,
    from: update.from,
    to: update.to,
    description: `${update.product} ${update.from} -> ${update.to} for ${update.machine}`,
    hardware: update.swu.hardware,
    guard: update.swu.guard,
    guardScript: guardScript ?? null,
    // Only where a hook calls it: SWUpdate without Lua refuses a description that has one.
    guardLua: update.partitions.some((one) => one.kind === 'rdiff') ? (guardLua ?? null) : null,
    selections: slotted ? [selection(update, 'a'), selection(update, 'b')] : [],
    plain: slotted ? null : selection(update, undefined),
  };
  return { text: render(update.template, data), notes: notesOf(update.partitions) };
}

/** What one selection (or the only one) of a sw-description holds; the names are the template's. */
function selection(update: UpdateDescription, slot: Slot | undefined) {
  const images = update.partitions.map((one) => imageEntry(one, slot));
  const guarded = update.guardScript === undefined ? [] : images.filter((one) => one.delta);
  const readBack = images.filter((one) => one.imageSizeBytes < READBACK_LIMIT_BYTES);
  return {
    slot: slot ?? null,
    set: 'stable',
    mode: slot === 'b' ? 'alt' : 'main',
    images,
    scripts: [...guarded.map((one) => ({ ...one, guard: true })), ...readBack.map((one) => ({ ...one, guard: false }))],
    bootenv: bootenvEntries(update.swu.bootenv, slot),
  };
}

function imageEntry(partition: UpdatePartition, slot: Slot | undefined) {
  const { device, base } = targetsOf(partition, slot);
  return {
    name: partition.name,
    delta: partition.kind === 'rdiff',
    filename: partition.payloadName,
    sha256: partition.payload.sha256,
    sizeBytes: partition.payload.sizeBytes,
    compressed: COMPRESSED[partition.compression],
    decompressedSizeBytes: partition.decompressedSizeBytes,
    device,
    base: base ?? null,
    baseSizeBytes: partition.base?.sizeBytes ?? null,
    baseSha256: partition.base?.sha256 ?? null,
    imageSizeBytes: partition.image.sizeBytes,
    imageSha256: partition.image.sha256,
  };
}

function bootenvEntries(
  bootenv: Readonly<Record<string, string>>,
  slot: Slot | undefined,
): Array<{ name: string; value: string }> {
  return Object.entries(bootenv).map(([name, value]) => {
    // SWUpdate hands these on as lines of NAME=VALUE, and drops a name of more than 255 bytes.
    if (name.length > 255 || !/^[^\s=\p{Cc}]+$/u.test(name))
      throw new ReleasePlanError(
        'swu-bootenv',
        `${JSON.stringify(name)} is not a valid name for a boot loader variable`,
      );
    if (/\p{Cc}/u.test(value))
      throw new ReleasePlanError(
        'swu-bootenv',
        `the value of ${name} contains a control character: ${JSON.stringify(value)}`,
      );
    if (slot === undefined && value.includes('{slot}'))
      throw new ReleasePlanError('swu-bootenv', `the value of ${name} contains {slot}, but no partition has slots`);
    return { name, value: value.replaceAll('{slot}', slot ?? '') };
  });
}

function notesOf(partitions: readonly UpdatePartition[]): string[] {
  return partitions
    .filter((one) => one.image.sizeBytes >= READBACK_LIMIT_BYTES)
    .map(
      (one) =>
        `${one.name}: not read back on the device: its ${one.image.sizeBytes} bytes do not fit the 32-bit size of ` +
        `SWUpdate's readback`,
    );
}

function render(template: string, data: object): string {
  try {
    return renderTemplate(template, data, {
      str: (value) => quoteString(given(value)),
      json: (value) => JSON.stringify(given(value)),
      setting: (value) => settingName(given(value)),
      // Keeps 64-bit sizes whole: libconfig reads a bare number as 32 bits.
      int64: (value) => `${given(value)}L`,
    });
  } catch (error) {
    if (error instanceof ReleasePlanError) throw error;
    throw new ReleasePlanError('swu-template', `cannot render the sw-description template: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Handlebars' strict mode does not look at the arguments of helpers: a misspelt name arrives as undefined. */
function given(value: unknown): string {
  if (value === undefined || value === null)
    throw new ReleasePlanError('swu-template', 'the sw-description template passes an undefined name to a helper', {
      hint: 'Check the spelling; docs/swupdate.md lists all names.',
    });
  return String(value);
}

function settingName(name: string): string {
  if (!isSettingName(name))
    throw new ReleasePlanError(
      'swu-board',
      `the machine ${JSON.stringify(name)} is not a valid group in a sw-description`,
    );
  return name;
}
