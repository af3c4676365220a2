/** One device, from any of the forms that a fleet is given in. */
import { isRecord } from '../registry.ts';

/** What counts of a device: who it is, what it follows and what it runs. */
export interface Device {
  /** What tells it from every other; a name, where there is no uuid. */
  uuid: string;
  /** Name, or else uuid: for people. */
  name: string;
  /** The tag that it follows; empty when it follows none. */
  tag: string;
  /** The Target that it runs, by name. */
  targetName?: string;
  /** The version that it runs, for fleets without Target names. */
  version?: string;
  /** The OSTree commit that it runs, 64 hex digits. */
  commit?: string;
  hardwareId?: string;
}

/** Row fields that are read, as in `GET /ota/devices/`; `version` and `hardware-id` are our additions. */
export const DEVICE_FIELDS = [
  'uuid',
  'name',
  'tag',
  'target-name',
  'version',
  'ostree-hash',
  'hardware-id',
  'hardware-ids',
] as const;

/**
 * Reads one row.
 *
 * A device that says nothing of what it runs is a device all the same: it is
 * counted, and takes the full image.
 *
 * @returns the device, or what is wrong with the row
 */
export function readDevice(row: unknown): Device | { problem: string } {
  if (!isRecord(row)) return { problem: `is ${describe(row)}, not a device` };
  const texts = new Map<string, string>();
  for (const field of DEVICE_FIELDS) {
    const found = row[field] ?? '';
    const text =
      field === 'hardware-ids' && Array.isArray(found)
        ? (found[0] ?? '')
        : field === 'version' && typeof found === 'number'
          ? String(found)
          : found;
    if (typeof text !== 'string') return { problem: `has ${field} ${describe(found)}, not a string` };
    // They are printed: a terminal must not obey them.
    if (/\p{Cc}/u.test(text)) return { problem: `has control characters in ${field}` };
    texts.set(field, text.trim());
  }
  const name = texts.get('name') || texts.get('uuid');
  if (name === undefined || name === '') return { problem: 'has neither uuid nor name' };
  const commit = texts.get('ostree-hash') ?? '';
  if (commit !== '' && !/^[0-9a-f]{64}$/.test(commit))
    return { problem: `(${name}) has an ostree-hash that is not 64 hex digits` };
  return {
    uuid: texts.get('uuid') || name,
    name,
    tag: texts.get('tag') ?? '',
    ...given('targetName', texts.get('target-name')),
    ...given('version', texts.get('version')),
    ...given('commit', commit),
    ...given('hardwareId', texts.get('hardware-id') || texts.get('hardware-ids')),
  };
}

const given = <K extends string>(key: K, text: string | undefined): { [P in K]?: string } =>
  text === undefined || text === '' ? {} : ({ [key]: text } as { [P in K]?: string });

/** A value from outside in a message: its kind, since the file may be anything that this user can read. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
