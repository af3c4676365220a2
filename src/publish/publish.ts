/** Brings packages to a destination: looks what is there, sends what is missing, announces last. */
import type { Report } from '../core/events.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { Meter } from '../text/meter.ts';
import { timestamp } from '../text/timestamp.ts';
import type { Destination, Presence } from './destination.ts';
import { titleOf, type ReleasePackage } from './package.ts';
import { addToRecord, entryFor } from './record.ts';

/** A package, and what the destination has of it. */
export interface PublishItem {
  package: ReleasePackage;
  presence: Presence;
}

/** What a destination lacks. */
export interface PublishPlan {
  items: PublishItem[];
  /** Bytes to send; of an interrupted upload, all of it. */
  sendBytes: number;
}

export interface PublishOptions {
  /** The product's record, see record.ts. */
  recordFile: string;
  report: Report;
  signal: AbortSignal;
  progress: (message: string) => void;
}

/** What was done at a destination. */
export interface PublishResult {
  sent: ReleasePackage[];
  present: ReleasePackage[];
  /** With the destination's reason. */
  left: Array<{ package: ReleasePackage; reason: string }>;
  sentBytes: number;
}

/** Looks what a destination has. Changes nothing. @throws ReleasePlanError `server-*`, `publish-refused` */
export async function planPublish(destination: Destination, packages: readonly ReleasePackage[]): Promise<PublishPlan> {
  const items: PublishItem[] = [];
  for (const one of packages) items.push({ package: one, presence: await destination.inspect(one) });
  const toSend = items.filter(({ presence: { state } }) => state === 'missing' || state === 'partial');
  return { items, sendBytes: toSend.reduce((sum, one) => sum + one.package.sizeBytes, 0) };
}

/**
 * Sends what is missing, and announces when everything is there. What differs is found before the first byte is sent.
 * Done twice, the second time sends nothing.
 *
 * @throws ReleasePlanError `publish-differs`, `publish-damaged`, `publish-contended`, `server-*`
 */
export async function publishTo(
  destination: Destination,
  packages: readonly ReleasePackage[],
  options: PublishOptions,
): Promise<PublishResult> {
  const plan = await planPublish(destination, packages);
  refuseDiffering(destination, plan);
  const result: PublishResult = { sent: [], present: [], left: [], sentBytes: plan.sendBytes };
  const meter = new Meter(plan.sendBytes, options.progress);
  for (const { package: one, presence } of plan.items) {
    options.signal.throwIfAborted();
    if (presence.state === 'unsuited') {
      result.left.push({ package: one, reason: presence.detail });
      continue;
    }
    if (presence.state === 'present') {
      result.present.push(one);
      await record(one, presence.place, destination, options);
      continue;
    }
    meter.at(titleOf(one));
    const place = await destination.send(one, (bytes) => meter.add(bytes));
    await record(one, place, destination, options);
    result.sent.push(one);
  }
  await destination.announce([...result.present, ...result.sent]);
  return result;
}

function refuseDiffering(destination: Destination, { items }: PublishPlan): void {
  const lines = items.flatMap(({ package: one, presence }) =>
    presence.state === 'differs' ? [`${titleOf(one)}: ${presence.detail}`] : [],
  );
  if (lines.length === 0) return;
  throw new ReleasePlanError('publish-differs', `destination ${destination.name}: ${lines.join('\n')}`);
}

async function record(
  one: ReleasePackage,
  place: string,
  destination: Destination,
  { recordFile }: PublishOptions,
): Promise<void> {
  await addToRecord(recordFile, entryFor(one, destination, place, timestamp()));
}
