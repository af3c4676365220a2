/**
 * The registry of versions and tags: `targets.json` in the form of TUF Targets
 * metadata, as fioctl and aktualizr-lite know it.
 *
 * @see The Update Framework Specification 1.0, section 4.5 (targets.json)
 */
import { prettyJson } from '../text/json.ts';
import { ReleasePlanError, messageOf } from '../core/errors.ts';

/** The delivery systems whose Targets are understood: `custom.targetFormat`. */
export type TargetFormat = 'OSTREE' | 'SWUPDATE';

/** One version for one kind of hardware. */
export interface Target {
  /** Its key in `signed.targets`, like `raspberrypi4-64-lmp-9`. */
  name: string;
  /** 64 hex digits: the OSTree commit, or the digest of an archived version's manifest. */
  sha256: string;
  /** The commit that it stands for, of a system whose versions are commits. */
  commit?: string;
  version: string;
  tags: string[];
  hardwareIds: string[];
  /** `OSTREE`, `SWUPDATE`, or another system's. */
  format: string;
  /** `custom` as it stands in the file, for fields that are only shown. */
  custom: Readonly<Record<string, unknown>>;
}

/** A registry as read: its text, and what was understood of it. */
export interface Registry {
  file: string;
  /** The document itself; edits are made to it, so what is not understood survives. */
  text: string;
  /** `signed.version` of the metadata, which each rewrite raises; 0 when there is none. */
  documentVersion: number;
  isSigned: boolean;
  /** In the order of the file. */
  targets: Target[];
}

/** The registry of a product that has none yet. */
export function emptyRegistry(file: string): Registry {
  const text = prettyJson({ signatures: [], signed: { _type: 'Targets', version: 0, targets: {} } });
  return { file, text, documentVersion: 0, isSigned: false, targets: [] };
}

/**
 * Reads a targets.json document.
 *
 * @param file its path, for messages
 * @throws ReleasePlanError `targets-invalid`, naming the Target and the field
 */
export function parseRegistry(text: string, file: string): Registry {
  const document = parseJson(text, file);
  const signed = document.signed;
  if (!isRecord(signed) || !isRecord(signed.targets))
    throw invalid(file, 'has no signed.targets object', 'It must be TUF Targets metadata; see docs/targets.md.');
  if (signed._type !== undefined && String(signed._type).toLowerCase() !== 'targets')
    throw invalid(
      file,
      `has _type ${JSON.stringify(signed._type)}`,
      'Name the Targets metadata, whose _type is "Targets".',
    );
  return {
    file,
    text,
    documentVersion: typeof signed.version === 'number' ? signed.version : 0,
    isSigned: Array.isArray(document.signatures) && document.signatures.length > 0,
    targets: Object.entries(signed.targets).map(([name, value]) => readTarget(name, value, file)),
  };
}

function parseJson(text: string, file: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalid(file, `is not JSON: ${messageOf(error)}`, 'Restore it from its last signed copy.');
  }
  if (!isRecord(parsed))
    throw invalid(file, 'is not a JSON object', 'It must be TUF Targets metadata; see docs/targets.md.');
  return parsed;
}

function readTarget(name: string, value: unknown, file: string): Target {
  const problem = (field: string, found: unknown): ReleasePlanError =>
    invalid(file, `Target ${name}: ${field} is ${JSON.stringify(found) ?? 'missing'}`, `Correct ${field} of ${name}.`);
  if (!isRecord(value)) throw problem('the entry', value);
  const custom = value.custom ?? {};
  if (!isRecord(custom)) throw problem('custom', custom);
  const format = typeof custom.targetFormat === 'string' ? custom.targetFormat : 'unknown';
  const sha256 = isRecord(value.hashes) ? value.hashes.sha256 : undefined;
  const version = typeof custom.version === 'number' ? String(custom.version) : custom.version;
  const isOurs = format === 'OSTREE' || format === 'SWUPDATE';
  if (isOurs && (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))) throw problem('hashes.sha256', sha256);
  if (isOurs && (typeof version !== 'string' || version === '')) throw problem('custom.version', custom.version);
  const listOf = (field: 'tags' | 'hardwareIds'): string[] => {
    const found = custom[field] ?? [];
    if (!Array.isArray(found) || !found.every((one) => typeof one === 'string'))
      throw problem(`custom.${field}`, found);
    return found;
  };
  return {
    name,
    sha256: typeof sha256 === 'string' ? sha256 : '',
    ...(format === 'OSTREE' && typeof sha256 === 'string' ? { commit: sha256 } : {}),
    version: typeof version === 'string' ? version : '',
    tags: listOf('tags'),
    hardwareIds: listOf('hardwareIds'),
    format,
    custom,
  };
}

const invalid = (file: string, what: string, hint: string): ReleasePlanError =>
  new ReleasePlanError('targets-invalid', `${file} ${what}`, { hint });

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
