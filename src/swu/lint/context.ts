import type { Code } from '../../core/codes/index.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import type { Payload } from '../payload.ts';
import type { Entry, Selection, SwDescription, View } from '../views.ts';

/** What a plan says that a package must hold. */
export interface Expected {
  version: string;
  /** The boards that take the package, each with its hardware-compatibility. */
  boards: ReadonlyArray<{ name: string; hardware: readonly string[] }>;
  /** Whether a guard looks at each target before it is written. */
  isGuarded: boolean;
  /** Each of them must be there; empty for devices that are given none. */
  selections: readonly Selection[];
  /** What each device must be told to write; the devices differ by selection. */
  payloads: readonly ExpectedPayload[];
}

export interface ExpectedPayload {
  filename: string;
  /** The handler. */
  type: string;
  /** Of rdiff_image alone: the image that the delta was made from. */
  base?: { sha256: string; sizeBytes: number };
  image: { sha256: string; sizeBytes: number };
  /** By selection, in the order of {@link Expected.selections}; one where there are none. */
  places: ReadonlyArray<{ device: string; base?: string }>;
}

/** What rules look at. */
export interface LintContext {
  description: SwDescription;
  /** By member name, for those that could be looked at. */
  payloads: ReadonlyMap<string, Payload>;
  isSigned: boolean;
  /** Without it a package is judged by itself alone. */
  expected?: Expected;
}

/** Judges one concern of a package. */
export type LintRule = (context: LintContext) => Diagnostic[];

export const error = (code: Code, message: string, hint?: string): Diagnostic => ({
  code,
  severity: 'error',
  message,
  ...(hint === undefined ? {} : { hint }),
});

export const warning = (code: Code, message: string, hint?: string): Diagnostic => ({
  ...error(code, message, hint),
  severity: 'warning',
});

/** Every entry of every view, with the view. */
export const everyEntry = ({ description }: LintContext): Array<{ view: View; entry: Entry }> =>
  description.views.flatMap((view) => view.entries.map((entry) => ({ view, entry })));

/** What an entry is called in messages: its member, or its handler and device. */
export const entryName = (entry: Entry): string =>
  entry.filename ?? [entry.type, entry.device ?? entry.path ?? entry.volume].filter(Boolean).join(' ');

/** The handlers that apply a librsync delta. */
export const isDeltaEntry = (entry: Entry): boolean => entry.type === 'rdiff_image' || entry.type === 'rdiff_file';
