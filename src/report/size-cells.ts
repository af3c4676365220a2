import { formatBytes, formatShare } from '../text/bytes.ts';
import { pairText } from '../core/pair.ts';
import type { FullRow, SizeRow } from '../core/report.ts';

/** A pair's sizes for a person: pair, full, delta, compressed, to send, share that a device saves. */
export const sizeCells = (one: SizeRow): string[] => [
  pairText(one),
  formatBytes(one.fullBytes),
  formatBytes(one.deltaBytes),
  formatBytes(one.compressedBytes),
  formatBytes(one.sendBytes),
  formatShare(one.fullBytes - one.sendBytes, one.fullBytes),
];

/** The same for a full package, which has no delta and saves nothing. */
export const fullCells = ({ version, sendBytes }: FullRow): string[] => [
  `full package ${version}`,
  formatBytes(sendBytes),
  '-',
  '-',
  formatBytes(sendBytes),
  '-',
];
