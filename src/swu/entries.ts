/** The entries of one selection of a sw-description, as the template is given them. Pure. */
import type { SwuSettings } from '../core/plan.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { FileDigest } from '../io/hash.ts';
import { handlerOf, targetsOf, type Placed, type Slot } from './devices.ts';

/** How a payload is compressed inside the .swu. */
export type Compression = SwuSettings['compress'];

/** One partition of an update: the payload and what it must turn into what. */
export interface UpdatePartition extends Placed {
  /** Name of the payload as a member of the .swu. */
  payloadName: string;
  /** The payload as stored, so after compression and encryption. */
  payload: FileDigest;
  compression: Compression;
  /** Of an encrypted payload, 32 hex digits. */
  iv?: string;
  /** Size of the payload before compression. */
  decompressedSizeBytes: number;
  /** The image as it must stand on the target afterwards. */
  image: FileDigest;
  /** The image that the base must hold; needed for a delta. */
  base?: FileDigest;
}

/** A partition that an update leaves alone, since base and target have the same image. */
export interface UnchangedPartition {
  name: string;
  device: string;
  image: FileDigest;
}

/** SWUpdate's readback takes sizes as 32-bit numbers (handlers/readback_handler.c). */
export const READBACK_LIMIT_BYTES = 2 ** 32;

/** SWUpdate's words for the compressions: its "zlib" is the gzip format. */
const COMPRESSED: Readonly<Record<Compression, string | null>> = { gzip: 'zlib', zstd: 'zstd', none: null };

/** What the template is given of a partition. */
export type ImageEntry = ReturnType<typeof imageEntry>;

/** @throws ReleasePlanError `swu-device` */
export function imageEntry(partition: UpdatePartition, slot: Slot | undefined) {
  const { device, base } = targetsOf(partition, slot);
  const { section, type, setting, unreadable } = handlerOf(partition);
  return {
    name: partition.name,
    delta: partition.delta !== undefined,
    section,
    type,
    filename: partition.payloadName,
    sha256: partition.payload.sha256,
    sizeBytes: partition.payload.sizeBytes,
    compressed: COMPRESSED[partition.compression],
    encrypted: partition.iv !== undefined,
    iv: partition.iv ?? null,
    decompressedSizeBytes: partition.decompressedSizeBytes,
    device,
    place: setting,
    canBeRead: unreadable === undefined,
    base: base ?? null,
    baseSizeBytes: partition.base?.sizeBytes ?? null,
    baseSha256: partition.base?.sha256 ?? null,
    imageSizeBytes: partition.image.sizeBytes,
    imageSha256: partition.image.sha256,
  };
}

/**
 * What check-base.sh is given behind the phase. A whole image has no base; a
 * file that is patched where it lies, or one that comes new, is no target that
 * could be too small.
 */
export function guardArguments(entry: ImageEntry): string {
  const base = entry.delta ? `${entry.base} ${entry.baseSizeBytes} ${entry.baseSha256}` : '- - -';
  return entry.section === 'files' ? `${base} - -` : `${base} ${entry.device} ${entry.imageSizeBytes}`;
}

/** Whether the guard has anything to look at. */
export const isGuarded = (entry: ImageEntry): boolean => entry.canBeRead && (entry.delta || entry.section === 'images');

/** What check-base.sh is given of a partition that an update expects to be there. */
export const unchangedArguments = ({ device, image }: UnchangedPartition): string =>
  `${device} ${image.sizeBytes} ${image.sha256}`;

/** @throws ReleasePlanError `swu-bootenv` */
export function bootenvEntries(
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
