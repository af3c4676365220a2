/** Nights that pass by a clock of the test's own; everything else is real. */
import { plainDrive } from '../../src/commands/terminal/drive-plain.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import { nightly, type NightlyResult } from '../../src/jobs/nightly.ts';
import type { ArchivedProduct } from './archived.ts';

export const DAY_MS = 86_400_000;
/** When the first night is. */
export const FIRST = Date.parse('2026-03-01T02:00:00Z');

export interface Evening extends NightlyResult {
  /** Everything that was told. */
  said: string;
}

/** @param days since the first night */
export async function nightOf(here: ArchivedProduct, days: number): Promise<Evening> {
  const events: ReleaseEvent[] = [];
  const report = (event: ReleaseEvent): void => void events.push(event);
  const host = { env: process.env, signal: new AbortController().signal, report, drive: plainDrive(report) };
  const result = await nightly(await here.load(), host, { waitMs: 0, now: new Date(FIRST + days * DAY_MS) });
  return { ...result, said: JSON.stringify(events) };
}
