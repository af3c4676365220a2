import { formatBytes, formatShare } from '../text/bytes.ts';
import { pairKey } from '../core/archive.ts';
import type { SizeRow } from './consistency.ts';

/** A pair's sizes for a person: pair, full, delta, compressed, to send, share that a device saves. */
export const sizeCells = (one: SizeRow): string[] => [
  pairKey(one.from, one.to),
  formatBytes(one.fullBytes),
  formatBytes(one.deltaBytes),
  formatBytes(one.compressedBytes),
  formatBytes(one.sendBytes),
  formatShare(one.fullBytes - one.sendBytes, one.fullBytes),
];
