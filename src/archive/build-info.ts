import { formatBytes } from '../text/bytes.ts';
import { formatRows, type Row } from '../text/rows.ts';
import type { VersionManifest } from '../core/archive.ts';

/** build-info.txt of a version: its manifest for a person. */
export function buildInfo(manifest: VersionManifest): string {
  const { configuration } = manifest;
  return formatRows([
    ['Product', manifest.product],
    ['Version', manifest.version],
    ['Machine', manifest.machine],
    ['Distro', manifest.distro],
    ['Image', manifest.image],
    ['Archived', manifest.archivedAt],
    ['kas', `${configuration.kas}, chain ${configuration.chain.join(':')}`],
    ['Configuration', `sha256 ${configuration.digest}`],
    ...Object.entries(configuration.layers).map(([layer, commit]): Row => [`Layer ${layer}`, commit]),
    ...(manifest.dirty === true ? [['Dirty', 'built of what no commit names; never promoted'] satisfies Row] : []),
    ...manifest.proof.map((one): Row => [`Check ${one.check}`, `${one.result}: ${one.detail}`]),
    ...manifest.files.map((file): Row => [file.path, `${formatBytes(file.sizeBytes)}, sha256 ${file.sha256}`]),
    ...Object.entries(manifest.tools),
  ]);
}
