/** Packages of software bills of materials. Of documents that are none, and of those that name no packages, nothing. */
import { isObject, parseJson } from '../../text/parse-json.ts';
import type { InstalledPackage } from './database.ts';
import { declaredLicence, licenceOf, objectsIn, textOf, type Fields } from './json-fields.ts';

/** @returns undefined for a text that is no bill of materials with two packages or more */
export function parseSbom(
  text: string,
): { kind: 'spdx' | 'cyclonedx'; packages: Map<string, InstalledPackage> } | undefined {
  const opened = parseJson(text);
  if ('problem' in opened || !isObject(opened.value)) return undefined;
  const document = opened.value;
  const found =
    document.bomFormat === 'CycloneDX'
      ? { kind: 'cyclonedx' as const, packages: cycloneDx(document) }
      : typeof document.spdxVersion === 'string'
        ? { kind: 'spdx' as const, packages: spdx2(document) }
        : Array.isArray(document['@graph'])
          ? { kind: 'spdx' as const, packages: spdx3(document) }
          : undefined;
  // The document of an image alone, which refers to others for its packages, has one: the image.
  return found === undefined || found.packages.size < 2 ? undefined : found;
}

type Row = [name: string | undefined, version: string | undefined, licence: string | undefined];

function packagesOf(rows: readonly Row[]): Map<string, InstalledPackage> {
  const packages = new Map<string, InstalledPackage>();
  for (const [name, version, licence] of rows)
    if (name !== undefined && version !== undefined)
      packages.set(name, { name, version, ...(licence === undefined ? {} : { licence }) });
  return packages;
}

/** @see CycloneDX 1.6, components */
const cycloneDx = (document: Fields): Map<string, InstalledPackage> =>
  packagesOf(
    objectsIn(document.components).map(({ name, version, licenses }) => [
      textOf(name),
      textOf(version),
      objectsIn(licenses)
        .flatMap(({ expression, license }) => {
          const named = isObject(license) ? (textOf(license.id) ?? textOf(license.name)) : undefined;
          return textOf(expression) ?? named ?? [];
        })
        .join(' AND ') || undefined,
    ]),
  );

/** @see SPDX 2.3, package information */
const spdx2 = (document: Fields): Map<string, InstalledPackage> =>
  packagesOf(
    objectsIn(document.packages).map((one) => [textOf(one.name), textOf(one.versionInfo), declaredLicence(one)]),
  );

/** Licences are elements of their own, tied to packages by relationships. @see SPDX 3.0.1, JSON-LD */
function spdx3(document: Fields): Map<string, InstalledPackage> {
  const graph = objectsIn(document['@graph']);
  const idOf = (one: Fields): string => textOf(one.spdxId) ?? textOf(one['@id']) ?? '';
  const expressions = new Map<string, string>();
  for (const one of graph) {
    const text = licenceOf(one.simplelicensing_licenseExpression);
    if (text !== undefined) expressions.set(idOf(one), text);
  }
  const licences = new Map<string, string>();
  for (const one of graph) {
    const kind = one.relationshipType;
    if (kind !== 'hasDeclaredLicense' && kind !== 'hasConcludedLicense') continue;
    const [licence] = (Array.isArray(one.to) ? one.to : [one.to]).flatMap((to) => expressions.get(String(to)) ?? []);
    const from = textOf(one.from);
    // What was declared counts for more than what a tool concluded.
    if (from !== undefined && licence !== undefined && (kind === 'hasDeclaredLicense' || !licences.has(from)))
      licences.set(from, licence);
  }
  const all = graph.filter((one) => one.type === 'software_Package');
  const installed = all.filter((one) => one.software_primaryPurpose === 'install');
  return packagesOf(
    (installed.length === 0 ? all : installed).map((one) => [
      textOf(one.name),
      textOf(one.software_packageVersion),
      licences.get(idOf(one)),
    ]),
  );
}
