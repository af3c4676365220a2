/**
 * The fleet as counts: devices that follow the same tag and run the same
 * thing are one group, so that a million devices on 300 versions are some
 * hundred groups in memory.
 */
import type { Code } from '../../core/codes/index.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import type { Device } from './device.ts';
import { NameSet } from './name-set.ts';

/** Devices that are alike in everything that decides how they update. */
export interface DeviceGroup extends Omit<Device, 'name' | 'uuid'> {
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
  bad: Rows;
  /** Devices that report a version that is none: they count, and no delta can start from what they run. */
  odd: Rows;
  /** Rows of a device that was there before, and do not count. */
  repeated: Rows;
}

/** Rows of a kind, and diagnostics for the first of them. */
export interface Rows {
  count: number;
  diagnostics: Diagnostic[];
}

export interface TallyOptions {
  /** Whether a text is a version; anything is unless given. */
  isVersion?(text: string): boolean;
  /** Uuids or names of devices that are passed over. */
  ignored?: readonly string[];
}

/** Names kept per group. */
const EXAMPLES = 3;

/** Diagnostics kept of bad rows; the rest are counted. */
const BAD_ROWS_SHOWN = 20;

const noRows = (): Rows => ({ count: 0, diagnostics: [] });

/** Adds up a fleet row by row. */
export class FleetTally {
  readonly #source: string;
  readonly #groups = new Map<string, DeviceGroup>();
  readonly #tags = new Set<string>();
  readonly #bad = noRows();
  readonly #odd = noRows();
  readonly #repeated = noRows();
  readonly #ignored: ReadonlySet<string>;
  readonly #isVersion: (text: string) => boolean;
  /** Of uuids. */
  readonly #seen = new NameSet();
  #passedOver = 0;
  #devices = 0;

  constructor(source: string, { isVersion = () => true, ignored = [] }: TallyOptions = {}) {
    this.#source = source;
    this.#isVersion = isVersion;
    this.#ignored = new Set(ignored);
  }

  /** Rows so far, good and bad. */
  get rows(): number {
    return this.#devices + this.#bad.count + this.#repeated.count + this.#passedOver;
  }

  /** @param line of its row, from 1 */
  addDevice({ uuid, name, ...rest }: Device, line: number): void {
    if (this.#ignored.has(uuid) || this.#ignored.has(name)) {
      this.#passedOver += 1;
      return;
    }
    if (!this.#seen.add(uuid)) {
      this.#note(this.#repeated, 'fleet-device-repeated', `the device ${name} is listed more than once`, line);
      return;
    }
    if (rest.version !== undefined && !this.#isVersion(rest.version))
      this.#note(this.#odd, 'fleet-version-odd', `the device ${name} reports a version that is none`, line);
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
    this.#note(this.#bad, 'fleet-bad-row', `the device ${problem}`, line, column);
  }

  #note(rows: Rows, code: Code, message: string, line: number, column = 1): void {
    rows.count += 1;
    if (rows.diagnostics.length >= BAD_ROWS_SHOWN) return;
    rows.diagnostics.push({
      code,
      severity: 'warning',
      message,
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
      odd: this.#odd,
      repeated: this.#repeated,
    };
  }
}
