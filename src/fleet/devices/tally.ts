/**
 * The fleet as counts: devices that follow the same tag and run the same
 * thing are one group, so that a million devices on 300 versions are some
 * hundred groups in memory.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';
import type { Device } from './device.ts';

/** Devices that are alike in everything that decides how they update. */
export interface DeviceGroup extends Omit<Device, 'name'> {
  devices: number;
  /** Some of their names. */
  examples: string[];
  /** The server says that what they run is no longer offered on their tag. */
  isOrphan: boolean;
}

/** A fleet that was read to its end. */
export interface Fleet {
  /** Where it came from: a path, or a command. */
  source: string;
  groups: DeviceGroup[];
  /** Devices that were read. */
  devices: number;
  /** Tags of which the source speaks, also those without devices. */
  tags: string[];
  /** Rows that are no devices: how many there are, and the first of them. */
  bad: { count: number; diagnostics: Diagnostic[] };
}

/** Names kept per group. */
const EXAMPLES = 3;

/** Diagnostics kept of bad rows; the rest are counted. */
const BAD_ROWS_SHOWN = 20;

/** Adds up a fleet row by row. */
export class FleetTally {
  readonly #source: string;
  readonly #groups = new Map<string, DeviceGroup>();
  readonly #tags = new Set<string>();
  readonly #bad: Fleet['bad'] = { count: 0, diagnostics: [] };
  #devices = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** Rows so far, good and bad. */
  get rows(): number {
    return this.#devices + this.#bad.count;
  }

  addDevice({ name, ...rest }: Device): void {
    this.addGroup({ ...rest, isOrphan: false, devices: 1, examples: [name] });
  }

  /** Adds devices that the source has counted already. */
  addGroup(group: DeviceGroup): void {
    this.#devices += group.devices;
    this.#tags.add(group.tag);
    const key = [group.tag, group.hardwareId, group.targetName, group.version, group.commit, group.isOrphan].join('\0');
    const known = this.#groups.get(key);
    if (known === undefined) {
      this.#groups.set(key, group);
      return;
    }
    known.devices += group.devices;
    if (known.examples.length < EXAMPLES)
      known.examples.push(...group.examples.slice(0, EXAMPLES - known.examples.length));
  }

  addTag(tag: string): void {
    this.#tags.add(tag);
  }

  /** Counts a row that cannot be read. Lines and columns count from 1. */
  addBad(problem: string, line: number, column = 1): void {
    this.#bad.count += 1;
    if (this.#bad.diagnostics.length >= BAD_ROWS_SHOWN) return;
    this.#bad.diagnostics.push({
      code: 'fleet-bad-row',
      severity: 'warning',
      message: `the device ${problem}`,
      where: { file: this.#source, line, column, isForeign: true },
    });
  }

  finish(): Fleet {
    return {
      source: this.#source,
      groups: [...this.#groups.values()],
      devices: this.#devices,
      tags: [...this.#tags].filter((tag) => tag !== '').sort(),
      bad: this.#bad,
    };
  }
}
