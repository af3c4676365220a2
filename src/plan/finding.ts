import type { Code } from '../core/codes/index.ts';
import { printable } from '../text/printable.ts';

/** A way into the plan: keys and list indices from the top, as in `['partitions', 0, 'file']`. */
export type Pointer = ReadonlyArray<string | number>;

/** What a rule found. Rules know the plan, not the file; the caller adds line and column. */
export interface Finding {
  code: Code;
  /** An error unless it says otherwise. */
  severity?: 'warning';
  at: Pointer;
  /** Points at the key of `at` instead of its value. */
  on?: 'key';
  message: string;
  hint?: string;
  /** The key that is missing, of a finding that says so. */
  missing?: string;
}

/** `partitions[0].file`, for messages. */
export function formatPointer(pointer: Pointer): string {
  if (pointer.length === 0) return 'the plan';
  return pointer
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}

const LONGEST_QUOTE = 60;

/** A value as it stands in a message: JSON, shortened, never over more than one line, and no key material. */
export function quote(value: unknown): string {
  const bare = (JSON.stringify(value) ?? String(value))
    .replace(/-----BEGIN .*/s, '-----BEGIN (hidden)"')
    .replace(/([?&;]pin-value=)[^"]*/, '$1(hidden)')
    .replace(/[0-9a-fA-F]{32,64}\s+[0-9a-fA-F]{32}/, '(hidden)');
  // JSON leaves DEL, the C1 controls and directions as they are, and a terminal obeys them.
  const text = printable(bare);
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE - 3)}...`;
}
