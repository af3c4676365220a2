// The sums of a signature's blocks. The memory is laid out by src/rdiff/block-sums.ts.
import * as blake2b from '../blake2b';
import * as md4 from '../md4';
import { RABINKARP_SEED, rabinkarp, rollsum } from '../weak-sums';

// Offsets into the scratch area, 1 KiB at an address that is a multiple of 16.
const SCHEDULE: usize = 0;
const STATE: usize = 256;
const MESSAGE: usize = 384;
const PADDED: usize = 640;
const WEAK: usize = 896;

/** To be called once for a scratch area. */
export function prepare(scratch: usize): void {
  blake2b.writeSchedule(scratch + SCHEDULE);
}

@inline

function weakSum(isRabinkarp: bool, p: usize, lengthBytes: u32, sum: u32): u32 {
  return isRabinkarp ? rabinkarp(p, lengthBytes, sum) : rollsum(p, lengthBytes, sum);
}

/** Starts a block that comes in pieces. */
export function beginBlock(isBlake2: bool, isRabinkarp: bool, scratch: usize): void {
  store<u32>(scratch + WEAK, isRabinkarp ? RABINKARP_SEED : 0);
  if (isBlake2) blake2b.begin(scratch + STATE);
  else md4.begin(scratch + STATE);
}

/** A piece that is not the block's last; its length is a multiple of 128. */
export function addPiece(
  isBlake2: bool,
  isRabinkarp: bool,
  p: usize,
  lengthBytes: u32,
  before: u32,
  scratch: usize,
): void {
  store<u32>(scratch + WEAK, weakSum(isRabinkarp, p, lengthBytes, load<u32>(scratch + WEAK)));
  if (isBlake2) blake2b.absorb(scratch + STATE, p, p, lengthBytes, before, scratch + SCHEDULE, scratch + MESSAGE);
  else md4.absorb(scratch + STATE, p, lengthBytes);
}

/** The block's last piece, of at least one byte; writes its sums as they stand in the signature, and up to 32 bytes. */
export function endBlock(
  isBlake2: bool,
  isRabinkarp: bool,
  p: usize,
  lengthBytes: u32,
  before: u32,
  out: usize,
  scratch: usize,
): void {
  store<u32>(out, bswap<u32>(weakSum(isRabinkarp, p, lengthBytes, load<u32>(scratch + WEAK))));
  if (isBlake2) {
    endPair(p, p, lengthBytes, before, scratch);
    blake2b.writeHash(scratch + STATE, 0, out + 4);
  } else {
    md4.finish(scratch + STATE, p, lengthBytes, before, scratch + PADDED);
    md4.writeHash(scratch + STATE, out + 4);
  }
}

function endPair(a: usize, b: usize, lengthBytes: u32, before: u32, scratch: usize): void {
  const whole = (lengthBytes - 1) & ~127;
  blake2b.absorb(scratch + STATE, a, b, whole, before, scratch + SCHEDULE, scratch + MESSAGE);
  blake2b.finish(
    scratch + STATE,
    a + whole,
    b + whole,
    lengthBytes - whole,
    before + whole,
    scratch + SCHEDULE,
    scratch + MESSAGE,
    scratch + PADDED,
  );
}

/**
 * The sums of blocks of equal length that lie one after the other.
 *
 * @param out gets blocks * (4 + strongBytes) bytes; 32 more may be overwritten
 */
export function signBlocks(
  isBlake2: bool,
  isRabinkarp: bool,
  p: usize,
  blockBytes: u32,
  blocks: u32,
  strongBytes: u32,
  out: usize,
  scratch: usize,
): void {
  const entryBytes: usize = 4 + strongBytes;
  let block: u32 = 0;
  if (isBlake2) {
    for (; block + 1 < blocks; block += 2) {
      const next = p + blockBytes;
      blake2b.begin(scratch + STATE);
      endPair(p, next, blockBytes, 0, scratch);
      store<u32>(out, bswap<u32>(weakSum(isRabinkarp, p, blockBytes, isRabinkarp ? RABINKARP_SEED : 0)));
      blake2b.writeHash(scratch + STATE, 0, out + 4);
      out += entryBytes;
      store<u32>(out, bswap<u32>(weakSum(isRabinkarp, next, blockBytes, isRabinkarp ? RABINKARP_SEED : 0)));
      blake2b.writeHash(scratch + STATE, 1, out + 4);
      out += entryBytes;
      p = next + blockBytes;
    }
  }
  for (; block < blocks; block++) {
    beginBlock(isBlake2, isRabinkarp, scratch);
    endBlock(isBlake2, isRabinkarp, p, blockBytes, 0, out, scratch);
    out += entryBytes;
    p += blockBytes;
  }
}
