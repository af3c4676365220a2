const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size for a person: `1.4 GiB`. Exact below one KiB. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${UNITS[power]}`;
}

/** A share of a whole for a person: `96.3 %`; `-` of nothing. */
export const formatShare = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;

/** `12.4 MiB over the wire, 18.2 % of full packages`. @param fullBytes undefined where there are none */
export function wireText(bytes: number, fullBytes: number | undefined): string {
  const of = fullBytes === undefined || fullBytes === 0 ? '' : `, ${formatShare(bytes, fullBytes)} of full packages`;
  return `${formatBytes(bytes)} over the wire${of}`;
}
