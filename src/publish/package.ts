/** Names of a package, for people and for servers. */
import type { ReleasePackage } from '../core/publication.ts';

export type { PackageBase, ReleasePackage } from '../core/publication.ts';

/** A package in words: `0.1.0 -> 0.2.0`, `0.2.0, full`. */
export const titleOf = ({ version, base }: Pick<ReleasePackage, 'version' | 'base'>): string =>
  base === undefined ? `${version}, full` : `${base.version} -> ${version}`;

/** Whose packages they are. */
export type SeriesOwner = Pick<ReleasePackage, 'product' | 'machine' | 'image'>;

/** How the series of a product's packages begin. */
export const seriesPrefix = ({ product, machine, image }: SeriesOwner): string => `${product}-${machine}-${image}-`;

/** What of a server's objects is named by the package: `tolomeo-board-image-prod-from-0.1.0`, or `-full`. */
export const seriesOf = (one: Omit<ReleasePackage, 'path'>): string =>
  seriesPrefix(one) + (one.base === undefined ? 'full' : `from-${one.base.version}`);

/** The version that a series of a product's packages starts from; undefined for that of full packages. */
export function baseOfSeries(series: string, owner: SeriesOwner): string | undefined {
  const before = `${seriesPrefix(owner)}from-`;
  return series.startsWith(before) ? series.slice(before.length) : undefined;
}
