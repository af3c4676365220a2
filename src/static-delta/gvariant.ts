/**
 * GVariant, the serialised form of GLib's typed values, as far as OSTree's
 * files use it: integers, strings, arrays, tuples, dictionaries, variants.
 *
 * Values are handled as their bytes: a container is taken apart into the bytes
 * of its children and put together from them. Reading is strict: what GLib
 * would replace by a default (an offset outside of the container, a string
 * without an end) is an error here, since a client would go on with something
 * that nobody wrote.
 *
 * @see https://docs.gtk.org/glib/gvariant-format-strings.html, and "GVariant Specification" for the layout
 */
import { ReleasePlanError } from '../core/errors.ts';
import { aligned, layoutOf, malformed, type TypeLayout } from './gvariant-type.ts';

/** How many bytes each framing offset takes in a container of this size. */
function offsetBytesFor(containerBytes: number): number {
  if (containerBytes <= 0xff) return 1;
  if (containerBytes <= 0xffff) return 2;
  return containerBytes <= 0xffffffff ? 4 : 8;
}

function readOffset(bytes: Buffer, at: number, width: number): number {
  if (width <= 4) return bytes.readUIntLE(at, width);
  return Number(bytes.readBigUInt64LE(at));
}

/**
 * The bytes of each child of an array, a tuple or a dictionary entry, as views.
 *
 * @throws ReleasePlanError `static-delta-corrupt` when the framing is not that of the type
 */
export function children(type: string, bytes: Buffer): Buffer[] {
  return childrenOf(layoutOf(type), bytes);
}

function childrenOf(layout: TypeLayout, bytes: Buffer): Buffer[] {
  if (layout.shape === 'tuple') return tupleChildren(layout, bytes);
  const [element] = layout.members;
  if (layout.shape !== 'array' || element === undefined)
    throw malformed(`a value of type ${layout.text} has no children`);
  if (bytes.length === 0) return [];
  return element.fixedBytes === undefined ? framedElements(element, bytes) : fixedElements(element.fixedBytes, bytes);
}

function fixedElements(size: number, bytes: Buffer): Buffer[] {
  if (bytes.length % size !== 0) throw malformed(`an array of ${bytes.length} bytes has elements of ${size} bytes`);
  return Array.from({ length: bytes.length / size }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

function framedElements(element: TypeLayout, bytes: Buffer): Buffer[] {
  const width = offsetBytesFor(bytes.length);
  const framing = readOffset(bytes, bytes.length - width, width);
  if (framing > bytes.length - width || (bytes.length - framing) % width !== 0) {
    throw malformed('an array has offsets outside of it');
  }
  const result: Buffer[] = [];
  let start = 0;
  for (let at = framing; at < bytes.length; at += width) {
    start = aligned(start, element.alignment);
    const end = readOffset(bytes, at, width);
    if (end < start || end > framing) throw malformed('an array has elements out of order');
    result.push(bytes.subarray(start, end));
    start = end;
  }
  return result;
}

function tupleChildren({ members, fixedBytes, text }: TypeLayout, bytes: Buffer): Buffer[] {
  if (fixedBytes !== undefined && bytes.length !== fixedBytes) throw malformed(`${text} has ${bytes.length} bytes`);
  const width = offsetBytesFor(bytes.length);
  let framing = bytes.length;
  let start = 0;
  return members.map((member, index) => {
    start = aligned(start, member.alignment);
    let end: number;
    if (member.fixedBytes !== undefined) end = start + member.fixedBytes;
    else if (index === members.length - 1) end = framing;
    else {
      framing -= width;
      if (framing < 0) throw malformed(`${text} ends too early`);
      end = readOffset(bytes, framing, width);
    }
    if (end < start || end > framing) throw malformed(`${text} has members out of order`);
    const child = bytes.subarray(start, end);
    start = end;
    return child;
  });
}

/** Puts an array, a tuple or a dictionary entry together from the bytes of its children. */
export function container(type: string, parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(containerPieces(type, parts));
}

/**
 * As {@link container}, in pieces that follow each other: the children
 * themselves, padding and framing between and behind them.
 */
export function containerPieces(type: string, parts: readonly Uint8Array[]): Uint8Array[] {
  const layout = layoutOf(type);
  const [element] = layout.members;
  const pieces: Uint8Array[] = [];
  const ends: number[] = [];
  let size = 0;
  const pad = (alignment: number): void => {
    const missing = aligned(size, alignment) - size;
    if (missing > 0) pieces.push(Buffer.alloc(missing));
    size += missing;
  };
  parts.forEach((part, index) => {
    const member = layout.shape === 'array' ? element : layout.members[index];
    if (member === undefined) throw new TypeError(`${type} takes no ${parts.length} children`);
    pad(member.alignment);
    pieces.push(part);
    size += part.length;
    const isFramed = layout.shape === 'array' || index < layout.members.length - 1;
    if (member.fixedBytes === undefined && isFramed) ends.push(size);
  });
  if (layout.fixedBytes !== undefined) pad(layout.alignment);
  // A tuple's offsets stand in reverse.
  if (ends.length > 0) pieces.push(framingOf(layout.shape === 'tuple' ? ends.toReversed() : ends, size));
  return pieces;
}

/**
 * The offsets that stand behind the content of a container.
 *
 * @param ends in the order in which they are stored
 */
export function framingOf(ends: readonly number[], contentBytes: number): Buffer {
  const width = [1, 2, 4, 8].find((one) => offsetBytesFor(contentBytes + ends.length * one) <= one) ?? 8;
  const bytes = Buffer.alloc(ends.length * width);
  ends.forEach((end, index) => {
    if (width <= 4) bytes.writeUIntLE(end, index * width, width);
    else bytes.writeBigUInt64LE(BigInt(end), index * width);
  });
  return bytes;
}

/** What a variant holds. */
export interface VariantContent {
  type: string;
  value: Buffer;
}

/**
 * Opens a value of type `v`.
 *
 * @throws ReleasePlanError `static-delta-corrupt`
 */
export function openVariant(bytes: Buffer): VariantContent {
  const end = bytes.lastIndexOf(0);
  if (end < 0) throw malformed('a variant has no type');
  const type = bytes.toString('latin1', end + 1);
  layoutOf(type);
  return { type, value: bytes.subarray(0, end) };
}

/** A value of type `v`. */
export const variant = ({ type, value }: { type: string; value: Uint8Array }): Buffer =>
  Buffer.concat([value, Buffer.from(`\0${type}`, 'latin1')]);

/**
 * Reads a value of type `s`.
 *
 * @throws ReleasePlanError `static-delta-corrupt` when it does not end in its one NUL
 */
export function readString(bytes: Buffer): string {
  if (bytes.length === 0 || bytes.indexOf(0) !== bytes.length - 1) throw malformed('a string has no end, or several');
  return bytes.toString('utf8', 0, bytes.length - 1);
}

/** A value of type `s`. */
export const stringBytes = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf8');

/**
 * Whether bytes are what GLib would write for this value: no offset, padding
 * or size in them could be otherwise. A flipped bit outside of the integers,
 * strings and byte arrays themselves shows here.
 */
export function isNormal(type: string, bytes: Buffer): boolean {
  try {
    return isNormalIn(layoutOf(type), bytes);
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'static-delta-corrupt') return false;
    throw error;
  }
}

function isNormalIn(layout: TypeLayout, bytes: Buffer): boolean {
  switch (layout.shape) {
    case 'integer':
      return bytes.length === layout.fixedBytes;
    case 'string':
      return Buffer.from(`${readString(bytes)}\0`, 'utf8').equals(bytes);
    case 'variant': {
      const { type, value } = openVariant(bytes);
      return isNormalIn(layoutOf(type), value);
    }
    case 'array':
    case 'tuple': {
      // Bytes and the like are normal whatever they are, and long.
      const [element] = layout.members;
      if (layout.shape === 'array' && element?.shape === 'integer')
        return bytes.length % (element.fixedBytes ?? 1) === 0;
      const found = childrenOf(layout, bytes);
      const layoutAt = (index: number): TypeLayout | undefined => layout.members[layout.shape === 'array' ? 0 : index];
      return (
        container(layout.text, found).equals(bytes) &&
        found.every((child, index) => isNormalIn(layoutAt(index) as TypeLayout, child))
      );
    }
  }
}
