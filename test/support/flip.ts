/** A bit that turns on the disk. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Turns a bit in the middle of a file. */
export function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
