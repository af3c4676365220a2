/** Figures and times as a page shows them. */
import { formatBytes, formatShare } from '../../text/bytes.ts';
import { html, type Html } from './markup.ts';

/** What stands where there is no figure. */
export const NONE = '\u2013';

/** From what to what, as people see and hear it. */
export const arrowed = (from: string, to: string): Html =>
  html`${from} <span class="arrow" aria-hidden="true">&rarr;</span><span class="sr"> to </span>${to}`;

/** A count with its thousands apart: `1,234,567`. */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 device`, `1,204 devices`. */
export const devicesOf = (count: number): string => `${grouped(count)} ${count === 1 ? 'device' : 'devices'}`;

/** A time as people read it, to the minute, in UTC. */
export function timeOf(iso: string): Html {
  const [, date = iso, minutes = ''] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(iso) ?? [];
  return html`<time datetime="${iso}">${date}${minutes === '' ? '' : ` ${minutes} UTC`}</time>`;
}

/** The number and the unit of a size apart, so that columns of them can be aligned. */
export function sizeOf(bytes: number | undefined): Html {
  if (bytes === undefined) return html`<span class="size none">&ndash;</span>`;
  const [value = '', unit = ''] = formatBytes(bytes).split(' ');
  return html`<span class="size">${value} <span class="unit">${unit}</span></span>`;
}

/** What a delta saves of what would be downloaded without it: `92.1 %`. */
export const savedOf = (sendBytes: number, fullBytes: number): string =>
  sendBytes > fullBytes ? '0.0 %' : formatShare(fullBytes - sendBytes, fullBytes);

/** The middle of some numbers; 0 of none. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return Math.round((low + high) / 2);
}
