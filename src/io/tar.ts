/**
 * Reading tar archives as a stream, as far as programs write them that leave records: regular files, with names of any
 * length. Nothing is unpacked to a disk.
 *
 * @see POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar, "Basic Tar Format"
 */

const BLOCK_BYTES = 512;

/** Extended headers and long names are small. */
const MOST_HEADER_BYTES = 1024 * 1024;

/** A file in an archive. */
export interface TarMember {
  name: string;
  /** Its content; undefined for one that is larger than what was allowed. */
  bytes: Buffer | undefined;
}

export interface TarLimits {
  /** Larger members are passed over. */
  memberBytes: number;
  /** A larger archive is damaged. */
  archiveBytes: number;
}

/**
 * The regular files of an archive, one after the other.
 *
 * @param chunks the archive's bytes
 * @param damaged the error for what is no whole archive
 * @throws what `damaged` makes, and what reading the chunks throws
 */
export async function* tarMembers(
  chunks: AsyncIterable<Uint8Array>,
  { memberBytes, archiveBytes }: TarLimits,
  damaged: (problem: string) => Error,
): AsyncGenerator<TarMember, void, undefined> {
  const input = new TarInput(chunks, archiveBytes, damaged);
  /** What the header before says of the next member. */
  let next: { name?: string; sizeBytes?: number } = {};
  try {
    for (;;) {
      const header = await input.take(BLOCK_BYTES);
      // Two blocks of zeros end an archive; one is enough for GNU tar.
      if (header.every((byte) => byte === 0)) return await input.finish();
      if (!isChecked(header)) throw damaged('is no tar archive, or a damaged one');
      const type = String.fromCharCode(header[156] ?? 0);
      const sizeBytes = next.sizeBytes ?? numberIn(header, 124, 12);
      if (sizeBytes === undefined) throw damaged('is a damaged tar archive: a member has no size');
      if (type === 'x' || type === 'L') {
        if (sizeBytes > MOST_HEADER_BYTES) throw damaged('is a damaged tar archive: a header is too long');
        const content = (await input.take(padded(sizeBytes))).subarray(0, sizeBytes);
        next = type === 'x' ? { ...next, ...paxFields(content) } : { ...next, name: textIn(content, 0, sizeBytes) };
        continue;
      }
      // '0' and NUL are regular files, '7' is one that lies in a row.
      if (type !== '0' && type !== '\0' && type !== '7') await input.skip(padded(sizeBytes));
      else {
        const name = next.name ?? nameIn(header);
        const isWanted = sizeBytes <= memberBytes;
        const bytes = isWanted ? (await input.take(padded(sizeBytes))).subarray(0, sizeBytes) : undefined;
        if (!isWanted) await input.skip(padded(sizeBytes));
        yield { name, bytes };
      }
      next = {};
    }
  } finally {
    await input.close();
  }
}

const padded = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

function textIn(bytes: Uint8Array, start: number, end: number): string {
  const field = bytes.subarray(start, end);
  const stop = field.indexOf(0);
  return Buffer.from(field.subarray(0, stop === -1 ? field.length : stop)).toString('utf8');
}

const nameIn = (header: Uint8Array): string => {
  const prefix = textIn(header, 345, 500);
  const isUstar = textIn(header, 257, 262) === 'ustar' && textIn(header, 257, 265) !== 'ustar  ';
  return isUstar && prefix !== '' ? `${prefix}/${textIn(header, 0, 100)}` : textIn(header, 0, 100);
};

/** An octal number; undefined for anything else, also for the binary ones of members above 8 GiB. */
function numberIn(header: Uint8Array, start: number, length: number): number | undefined {
  const text = textIn(header, start, start + length).trim();
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** The sum of all bytes of the header, its own field as spaces. */
function isChecked(header: Uint8Array): boolean {
  let sum = 0;
  for (const [at, byte] of header.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return numberIn(header, 148, 8) === sum;
}

/** Records `length key=value\n`. */
function paxFields(content: Buffer): { name?: string; sizeBytes?: number } {
  const fields: { name?: string; sizeBytes?: number } = {};
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = space === -1 ? 0 : Number(content.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= 0 || at + length > content.length) break;
    const record = content.toString('utf8', space + 1, at + length - 1);
    if (record.startsWith('path=')) fields.name = record.slice('path='.length);
    const size = /^size=(\d{1,15})$/.exec(record)?.[1];
    if (size !== undefined) fields.sizeBytes = Number(size);
    at += length;
  }
  return fields;
}

/** Bytes taken from chunks of any size, as many as are allowed. */
class TarInput {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #damaged: (problem: string) => Error;
  #leftBytes: number;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>, archiveBytes: number, damaged: (problem: string) => Error) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#leftBytes = archiveBytes;
    this.#damaged = damaged;
  }

  async take(lengthBytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (let missing = lengthBytes; missing > 0;) {
      const part = await this.#upTo(missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(lengthBytes: number): Promise<void> {
    for (let left = lengthBytes; left > 0;) left -= (await this.#upTo(left)).length;
  }

  /** Reads what is behind the end, so that whoever makes the bytes can say that they are whole. */
  async finish(): Promise<void> {
    while (await this.#more());
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #upTo(lengthBytes: number): Promise<Uint8Array> {
    if (this.#rest.length === 0 && !(await this.#more())) throw this.#damaged('ends before the tar archive does');
    const part = this.#rest.subarray(0, lengthBytes);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.#leftBytes -= value.length;
    if (this.#leftBytes < 0) throw this.#damaged('holds more than is read of a tar archive');
    this.#rest = value;
    return true;
  }
}
