/**
 * The operations of a part. Each is a letter and numbers in base 128, the
 * lowest seven bits first.
 *
 * @see ostree-repo-static-delta-processing.c
 */
import { malformed } from './gvariant-type.ts';
import type { ObjectName } from './names.ts';
import type { PartContent } from './part.ts';

/** One operation; offsets and sizes in bytes, of the payload unless said otherwise. */
export type Operation =
  /** Makes an object whole out of the payload. */
  | { kind: 'splice'; object: ObjectName; file?: FileIndexes; offset: number; sizeBytes: number }
  /** Begins a file of this size. */
  | { kind: 'open'; object: ObjectName; file: FileIndexes; sizeBytes: number }
  /** Appends bytes: of the source where one is set, else of the payload. */
  | { kind: 'write'; offset: number; sizeBytes: number; from: 'payload' | 'source' }
  /** From here on bytes come from this object of the client. */
  | { kind: 'set-source'; source: string }
  | { kind: 'unset-source' }
  /** Appends what a patch in bsdiff's form makes of the source. */
  | { kind: 'bspatch'; offset: number; sizeBytes: number }
  | { kind: 'close' };

/** Where a file's owner and mode, and its extended attributes, stand in the part's tables. */
export interface FileIndexes {
  mode: number;
  xattrs: number;
}

/** The letters of operations. */
export const OPERATION = {
  splice: 0x53, // S
  open: 0x6f, // o
  write: 0x77, // w
  setSource: 0x72, // r
  unsetSource: 0x52, // R
  close: 0x63, // c
  bspatch: 0x42, // B
} as const;

/**
 * Decodes the operations of a part, and checks them as a client would run
 * them: places in the payload and in the tables, objects in the order of the
 * superblock's list.
 *
 * @param objects the list of the part's entry in the superblock
 * @throws ReleasePlanError `static-delta-corrupt`
 */
export function readOperations(part: PartContent, objects: readonly ObjectName[]): Operation[] {
  const reader = new OperationReader(part, objects);
  const operations: Operation[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) operations.push(next);
  if (reader.objectsMade !== objects.length || reader.isOpen) {
    throw malformed(`its operations make ${reader.objectsMade} of ${objects.length} objects`);
  }
  return operations;
}

class OperationReader {
  objectsMade = 0;
  isOpen = false;
  readonly #part: PartContent;
  readonly #objects: readonly ObjectName[];
  #at = 0;
  #source: string | undefined;

  constructor(part: PartContent, objects: readonly ObjectName[]) {
    this.#part = part;
    this.#objects = objects;
  }

  next(): Operation | undefined {
    const letter = this.#part.operations[this.#at];
    if (letter === undefined) return undefined;
    this.#at += 1;
    switch (letter) {
      case OPERATION.splice:
        return this.#splice();
      case OPERATION.open:
        return this.#open();
      case OPERATION.write:
        return this.#write();
      case OPERATION.setSource:
        return this.#setSource();
      case OPERATION.bspatch:
        return this.#bspatch();
      case OPERATION.unsetSource:
        this.#source = undefined;
        return { kind: 'unset-source' };
      case OPERATION.close:
        if (!this.isOpen) throw malformed('an object is closed that was not opened');
        this.#finishObject();
        return { kind: 'close' };
      default:
        throw malformed(`its operation ${letter} is unknown`);
    }
  }

  #splice(): Operation {
    const object = this.#beginObject();
    const file = object.type === 'file' ? this.#fileIndexes() : undefined;
    const sizeBytes = this.#number();
    const offset = this.#number();
    this.#requirePayload(offset, sizeBytes);
    this.#finishObject();
    return { kind: 'splice', object, offset, sizeBytes, ...(file === undefined ? {} : { file }) };
  }

  #open(): Operation {
    const object = this.#beginObject();
    if (object.type !== 'file') throw malformed(`it opens the object ${object.checksum}.${object.type} as a file`);
    this.isOpen = true;
    return { kind: 'open', object, file: this.#fileIndexes(), sizeBytes: this.#number() };
  }

  #write(): Operation {
    const sizeBytes = this.#number();
    const offset = this.#number();
    if (this.#source === undefined) this.#requirePayload(offset, sizeBytes);
    return { kind: 'write', offset, sizeBytes, from: this.#source === undefined ? 'payload' : 'source' };
  }

  #setSource(): Operation {
    const offset = this.#number();
    this.#requirePayload(offset, 32);
    this.#source = this.#part.payload.toString('hex', offset, offset + 32);
    return { kind: 'set-source', source: this.#source };
  }

  #bspatch(): Operation {
    const offset = this.#number();
    const sizeBytes = this.#number();
    this.#requirePayload(offset, sizeBytes);
    if (this.#source === undefined || !this.isOpen) throw malformed('it patches without a source or without an object');
    return { kind: 'bspatch', offset, sizeBytes };
  }

  #beginObject(): ObjectName {
    const object = this.#objects[this.objectsMade];
    if (this.isOpen || object === undefined) throw malformed('it makes objects that the superblock does not list');
    return object;
  }

  /** Closing an object takes its source away too. */
  #finishObject(): void {
    this.objectsMade += 1;
    this.isOpen = false;
    this.#source = undefined;
  }

  #fileIndexes(): FileIndexes {
    const [mode, xattrs] = [this.#number(), this.#number()];
    const { modes, xattrs: table } = this.#part;
    if (mode >= modes.length || xattrs >= table.length) throw malformed('it names a mode or attributes that it lacks');
    return { mode, xattrs };
  }

  #requirePayload(offset: number, sizeBytes: number): void {
    const { length } = this.#part.payload;
    if (offset + sizeBytes > length) throw malformed(`it reads bytes ${offset} to ${offset + sizeBytes} of ${length}`);
  }

  #number(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = this.#part.operations[this.#at];
      if (byte === undefined) throw malformed('its operations are cut off');
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw malformed('a number in it has too many digits');
  }
}

/** A number as operations have it. */
export function numberBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** The operation that begins a file. */
export const openingBytes = (sizeBytes: number, { mode, xattrs }: FileIndexes): number[] => [
  OPERATION.open,
  ...numberBytes(mode),
  ...numberBytes(xattrs),
  ...numberBytes(sizeBytes),
];
