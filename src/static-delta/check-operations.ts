/** Follows the operations of a part without running them on a client. */
import { malformed } from './gvariant-type.ts';
import { hasCommit } from './names.ts';
import { isWorldReadable, readFileHead, type FileHead } from './objects.ts';
import { readOperations, type FileIndexes, type Operation } from './operations.ts';
import { readPart, type PartContent } from './part.ts';
import type { PartEntry } from './superblock.ts';
import type { TreeReader } from './tree.ts';
import { decompressedLimit } from './limits.ts';

/**
 * Checks that a part makes its objects as the repository has them: owners,
 * modes, attributes and sizes, out of sources that the client has and can read.
 *
 * @param file the part's file
 * @throws ReleasePlanError `static-delta-corrupt` with what is wrong
 */
export async function checkOperations(reader: TreeReader, from: string, entry: PartEntry, file: Buffer): Promise<void> {
  const part = await readPart(file, decompressedLimit(entry.uncompressedBytes, entry.objects.length));
  let writing: { left: number; sourceBytes: number } = { left: 0, sourceBytes: 0 };
  for (const operation of readOperations(part, entry.objects)) {
    switch (operation.kind) {
      case 'splice':
        if (operation.file !== undefined)
          checkFile(reader, part, operation.object.checksum, operation.file, operation.sizeBytes);
        break;
      case 'open':
        checkFile(reader, part, operation.object.checksum, operation.file, operation.sizeBytes);
        writing = { ...writing, left: operation.sizeBytes };
        break;
      case 'set-source':
        writing = { ...writing, sourceBytes: checkSource(reader, from, operation.source).sizeBytes };
        break;
      case 'write':
        writing = { ...writing, left: writing.left - checkWrite(operation, writing) };
        break;
      case 'bspatch':
        checkPatch(part.payload.subarray(operation.offset, operation.offset + operation.sizeBytes), writing.left);
        writing = { ...writing, left: 0 };
        break;
      case 'close':
        if (writing.left !== 0) throw malformed(`an object ends ${writing.left} bytes too early`);
        break;
      case 'unset-source':
        break;
    }
  }
}

function checkFile(reader: TreeReader, part: PartContent, checksum: string, at: FileIndexes, sizeBytes: number): void {
  const head = readFileHead(reader.repo, checksum);
  const mode = part.modes[at.mode];
  const isSame =
    mode?.uid === head.uid &&
    mode.gid === head.gid &&
    mode.mode === head.mode &&
    part.xattrs[at.xattrs]?.equals(head.xattrs) === true;
  if (!isSame) throw malformed(`object ${checksum} gets another owner, mode or attributes`);
  const content = head.symlink === '' ? head.sizeBytes : Buffer.byteLength(head.symlink);
  if (sizeBytes !== content) throw malformed(`object ${checksum} gets ${sizeBytes} bytes, not ${content}`);
}

function checkSource(reader: TreeReader, from: string, checksum: string): Pick<FileHead, 'sizeBytes'> {
  // A source that was pruned cannot be asked.
  if (!hasCommit(reader.repo, from)) return { sizeBytes: Infinity };
  if (!reader.read(from).objects.has(`${checksum}.file`))
    throw malformed(`its source ${checksum} is not in commit ${from}`);
  const head = readFileHead(reader.repo, checksum);
  if (!isWorldReadable(head)) throw malformed(`its source ${checksum} cannot be read by every client`);
  return head;
}

function checkWrite(
  operation: Extract<Operation, { kind: 'write' }>,
  { left, sourceBytes }: { left: number; sourceBytes: number },
): number {
  const { from, offset, sizeBytes } = operation;
  if (from === 'source' && offset + sizeBytes > sourceBytes) throw malformed('it reads beyond the end of a source');
  if (sizeBytes > left) throw malformed('it writes beyond the end of an object');
  return sizeBytes;
}

/** Bytes of the three numbers that begin each segment of a patch. */
const CONTROL_BYTES = 24;

/** @see bspatch.c: how much to add to the source, how much to insert, how far to move in the source */
function checkPatch(patch: Buffer, objectBytes: number): void {
  let at = 0;
  let made = 0;
  while (made < objectBytes) {
    if (at + CONTROL_BYTES > patch.length) throw malformed('a patch is cut off');
    const [added, inserted] = [signMagnitude(patch, at), signMagnitude(patch, at + 8)];
    if (added < 0 || inserted < 0 || added + inserted === 0) throw malformed('a patch has an impossible segment');
    made += added + inserted;
    at += CONTROL_BYTES + added + inserted;
  }
  if (made !== objectBytes || at !== patch.length) throw malformed('a patch makes another size than its object has');
}

/** bsdiff's numbers: 63 bits, the lowest byte first, then the sign. */
function signMagnitude(bytes: Buffer, at: number): number {
  const magnitude = Number(bytes.readBigUInt64LE(at) & 0x7fff_ffff_ffff_ffffn);
  return (bytes[at + 7] ?? 0) >= 0x80 ? -magnitude : magnitude;
}
