/** The sw-description: what a device is told to write where, and to check before and after. Pure. */
import type { OwnFile, OwnScript, SwuSettings } from '../core/plan.ts';
import { ReleasePlanError, messageOf } from '../core/errors.ts';
import type { FileDigest } from '../io/hash.ts';
import { renderTemplate } from '../io/template.ts';
import { handlerOf, type Slot } from './devices.ts';
import {
  bootenvEntries,
  guardArguments,
  imageEntry,
  isGuarded,
  READBACK_LIMIT_BYTES,
  unchangedArguments,
  type ImageEntry,
  type UnchangedPartition,
  type UpdatePartition,
} from './entries.ts';
import { isSettingName, quoteString } from './libconfig.ts';

export type { Compression, UnchangedPartition, UpdatePartition } from './entries.ts';

/** A script or file of the plan's own, as a member. */
export type OwnMember<T> = Omit<T, 'file'> & { filename: string } & FileDigest;

/** What a sw-description is made from. */
export interface UpdateDescription {
  product: string;
  machine: string;
  /** The version that devices come from; undefined for a full package. */
  from?: string;
  to: string;
  swu: SwuSettings;
  partitions: readonly UpdatePartition[];
  /** Left out, since both versions have the same image; the guard looks for them. */
  unchanged?: readonly UnchangedPartition[];
  ownScripts?: ReadonlyArray<OwnMember<OwnScript>>;
  ownFiles?: ReadonlyArray<OwnMember<OwnFile>>;
  /** The template's text. */
  template: string;
  /** The shell guard as a member of the .swu; needed for `guard: shell`. */
  guardScript?: { name: string } & FileDigest;
  /** The text of the Lua guard; needed for `guard: lua`. */
  guardLua?: string;
}

/** A sw-description and what the report says of it. */
export interface Described {
  text: string;
  /** What could not be asked of the device, one sentence each. */
  notes: string[];
}

/**
 * Renders the sw-description of an update.
 *
 * With slots on any partition there are two selections: the first mode writes
 * slot a from the base in slot b, the second b from a; partitions without
 * slots stand in both. Without slots no selection is needed.
 *
 * @throws ReleasePlanError `swu-device`, `swu-board`, `swu-bootenv`, `swu-template`
 */
export function describeUpdate(update: UpdateDescription): Described {
  const slotted = update.partitions.some((one) => 'slots' in one.target);
  const { guardScript, guardLua, from, to, swu } = update;
  const what = from === undefined ? `${update.product} ${to}` : `${update.product} ${from} -> ${to}`;
  const data = {
    product: update.product,
    machine: update.machine,
    boards: swu.boards,
    from: from ?? null,
    to,
    description: `${what} for ${update.machine}`,
    hardware: swu.hardware,
    vars: swu.vars,
    guard: swu.guard,
    guardScript: guardScript ?? null,
    // Only where a hook calls it: SWUpdate without Lua refuses a description that has one.
    guardLua: update.partitions.some((one) => isGuarded(imageEntry(one, slotted ? 'a' : undefined)))
      ? (guardLua ?? null)
      : null,
    set: swu.selections.set,
    selections: slotted ? [selection(update, 'a'), selection(update, 'b')] : [],
    plain: slotted ? null : selection(update, undefined),
  };
  return { text: render(update.template, data), notes: notesOf(update.partitions, swu) };
}

/** What one selection (or the only one) of a sw-description holds; the names are the template's. */
function selection(update: UpdateDescription, slot: Slot | undefined) {
  const { swu, unchanged = [] } = update;
  const entries = update.partitions.map((one) => imageEntry(one, slot));
  const images = entries.map((one, index) => ({
    ...one,
    // A hook belongs to an entry: the first one also looks for what the update leaves alone.
    unchanged: index === 0 ? unchanged.map((two, at) => ({ number: at + 1, data: unchangedArguments(two) })) : [],
    hook: update.guardLua !== undefined && isGuarded(one),
  }));
  return {
    slot: slot ?? null,
    set: swu.selections.set,
    mode: swu.selections.modes[slot === 'b' ? 1 : 0],
    images: images.filter((one) => one.section === 'images'),
    partitionFiles: images.filter((one) => one.section === 'files'),
    ownFiles: (update.ownFiles ?? []).map((one) => ({ device: null, filesystem: null, ...one })),
    scripts: [...guards(update, entries), ...readbacks(swu, entries)],
    ownScripts: (update.ownScripts ?? []).map((one) => ({ data: null, ...one })),
    bootenv: bootenvEntries(swu.bootenv, slot),
  };
}

/** Of the shell guard; the Lua one is called by each entry itself. */
function guards({ guardScript, unchanged = [] }: UpdateDescription, entries: readonly ImageEntry[]) {
  if (guardScript === undefined) return [];
  // "-" and not null: templates put these values side by side.
  const none = { baseSizeBytes: '-', baseSha256: '-' };
  return [
    ...entries.filter(isGuarded).map((one) => ({
      ...one,
      ...(one.base === null ? { ...none, base: '-' } : {}),
      guard: true,
      data: guardArguments(one),
    })),
    ...unchanged.map(({ name, device, image }) => ({
      name,
      guard: true,
      data: `${unchangedArguments({ name, device, image })} - -`,
      base: device,
      baseSizeBytes: image.sizeBytes,
      baseSha256: image.sha256,
      device: '-',
    })),
  ];
}

function readbacks({ readback }: SwuSettings, entries: readonly ImageEntry[]) {
  if (!readback) return [];
  return entries
    .filter((one) => one.canBeRead && one.imageSizeBytes < READBACK_LIMIT_BYTES)
    .map((one) => ({ ...one, guard: false }));
}

function notesOf(partitions: readonly UpdatePartition[], { readback }: SwuSettings): string[] {
  if (!readback) return ['nothing is read back on the device: swu.readback is false'];
  return partitions.flatMap((one) => {
    const why = handlerOf(one).unreadable ?? tooLarge(one.image.sizeBytes);
    return why === undefined ? [] : [`${one.name}: not read back on the device: ${why}`];
  });
}

const tooLarge = (sizeBytes: number): string | undefined =>
  sizeBytes < READBACK_LIMIT_BYTES
    ? undefined
    : `its ${sizeBytes} bytes do not fit the 32-bit size of SWUpdate's readback`;

function render(template: string, data: object): string {
  try {
    return renderTemplate(template, data, {
      str: (value) => quoteString(given(value)),
      json: (value) => JSON.stringify(given(value)),
      setting: (value) => settingName(given(value)),
      // Keeps 64-bit sizes whole: libconfig reads a bare number as 32 bits.
      int64: (value) => `${given(value)}L`,
    });
  } catch (error) {
    if (error instanceof ReleasePlanError) throw error;
    throw new ReleasePlanError('swu-template', `cannot render the sw-description template: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Handlebars' strict mode does not look at the arguments of helpers: a misspelt name arrives as undefined. */
function given(value: unknown): string {
  if (value === undefined || value === null)
    throw new ReleasePlanError('swu-template', 'the sw-description template passes an undefined name to a helper', {
      hint: 'Check the spelling; docs/swupdate.md lists all names.',
    });
  return String(value);
}

function settingName(name: string): string {
  if (!isSettingName(name))
    throw new ReleasePlanError('swu-board', `${JSON.stringify(name)} is not a valid group in a sw-description`);
  return name;
}
