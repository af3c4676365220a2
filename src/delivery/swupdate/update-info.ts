import { formatBytes, formatShare } from '../../text/bytes.ts';
import { formatRows, type Row } from '../../text/rows.ts';
import type { DeltaInfo } from '../../core/archive.ts';

/** build-info.txt of an update: its delta-info.json for a person. */
export function updateInfo(info: Omit<DeltaInfo, 'files'>): string {
  return formatRows([
    ['Product', info.product],
    ['Update', `${info.from} -> ${info.to}`],
    ['Machine', info.machine],
    ['Distro', info.distro],
    ['Image', info.image],
    ['Created', info.createdAt],
    ['Engine', info.engine],
    ...info.partitions.flatMap(partitionRows),
    [
      'Package',
      `${info.swu.file}, ${formatBytes(info.swu.sizeBytes)}, sha256 ${info.swu.sha256}, signed: ${info.swu.signed}`,
    ],
    ...info.proof.map((one): Row => [`Check ${one.check}`, `${one.result}: ${one.detail}`]),
    ...Object.entries(info.tools),
  ]);
}

function partitionRows(one: DeltaInfo['partitions'][number]): Row[] {
  const { base, target, delta, deltaCompressed } = one;
  const rows: Row[] = [
    [`Partition ${one.name}`, one.algorithm],
    ['  base', `${base.file}, ${formatBytes(base.sizeBytes)}, sha256 ${base.sha256}`],
    ['  target', `${target.file}, ${formatBytes(target.sizeBytes)}, sha256 ${target.sha256}`],
  ];
  if (delta !== undefined) rows.push(['  delta', `${formatBytes(delta.sizeBytes)}, sha256 ${delta.sha256}`]);
  if (deltaCompressed !== undefined) {
    rows.push([
      '  compressed',
      `${formatBytes(deltaCompressed.sizeBytes)} (${formatShare(deltaCompressed.sizeBytes, target.sizeBytes)} of ` +
        `the image), sha256 ${deltaCompressed.sha256}`,
    ]);
  }
  return rows;
}
