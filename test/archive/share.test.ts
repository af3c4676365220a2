import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nightlyShare, type SharedFile } from '../../src/archive/share.ts';

const test = suite('archive/share');

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-06-01T02:00:00Z');

const daysAgo = (days: number | undefined): number | undefined =>
  days === undefined ? undefined : NOW - days * DAY_MS;
const file = (path: string, ageDays: number | undefined, sizeBytes = 100): SharedFile => ({
  path,
  sizeBytes,
  readAtMs: daysAgo(ageDays),
});
const share = (files: readonly SharedFile[], verifyDays: number, lastDays: number | undefined = 1): string[] =>
  [...nightlyShare(files, { nowMs: NOW, verifyDays, lastNightMs: daysAgo(lastDays) })].sort();

test('what was never read is read, whatever the share', () => {
  assert.equal(share([file('a', undefined), file('b', undefined), file('c', 1)], 30), ['a', 'b']);
});

test('the oldest come first, up to the share of one night', () => {
  const files = Array.from({ length: 30 }, (_, at) => file(String(at).padStart(2, '0'), at / 2));
  assert.equal(share(files, 15), ['28', '29']);
});

test('what would be too old by the next night is read, beyond the share', () => {
  assert.equal(share([file('a', 9.5), file('b', 9.2), file('c', 1), file('d', 1)], 10), ['a', 'b']);
});

test('missed nights are made up for; an extra run in between reads less', () => {
  const files = Array.from({ length: 10 }, (_, at) => file(String(at), 1 + at / 10));
  assert.is(share(files, 10, 5).length, 5);
  assert.is(share(files, 10, 0.01).length, 1);
});

test('night after night every file is read within verify_days, and no night reads the whole again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 2, max: 40 }),
      (sizes, verifyDays) => {
        const readAtMs = sizes.map((): number | undefined => undefined);
        const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
        const largestBytes = Math.max(...sizes);
        for (let night = 0; night < 3 * verifyDays; night += 1) {
          const nowMs = NOW + night * DAY_MS;
          const files = sizes.map((sizeBytes, at): SharedFile => ({
            path: String(at),
            sizeBytes,
            readAtMs: readAtMs[at],
          }));
          const due = nightlyShare(files, { nowMs, verifyDays, lastNightMs: night === 0 ? undefined : nowMs - DAY_MS });
          const dueBytes = files.filter((one) => due.has(one.path)).reduce((sum, one) => sum + one.sizeBytes, 0);
          if (night > 0)
            assert.ok(
              dueBytes <= totalBytes / verifyDays + largestBytes,
              `night ${night}: ${dueBytes} of ${totalBytes}`,
            );
          for (const path of due) readAtMs[Number(path)] = nowMs;
          for (const at of readAtMs.keys())
            assert.ok(
              nowMs + DAY_MS - (readAtMs[at] ?? 0) <= verifyDays * DAY_MS,
              `file ${at} would be read too late after night ${night}`,
            );
        }
      },
    ),
    { numRuns: 100 },
  );
});

test.run();
