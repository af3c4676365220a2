import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TransientFailure } from '../../../src/io/http/exchange.ts';
import { pauseMs, retryAfterMs } from '../../../src/io/http/retry.ts';

const test = suite('retry');
const policy = { attempts: 5, firstPauseMs: 500, maxPauseMs: 60_000 };

test('pauses grow, stay below the longest, and end with the attempts', () => {
  const failure = new TransientFailure('busy');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
      const pause = pauseMs(policy, tries, failure, random) ?? Number.NaN;
      const full = 500 * 2 ** (tries - 1);
      assert.ok(pause >= full / 2 && pause <= full);
    }),
  );
  assert.is(pauseMs(policy, 5, failure, 0.5), undefined);
});

test('never sooner than the server asks', () => {
  assert.is(pauseMs(policy, 1, new TransientFailure('busy', { retryAfterMs: 7000 }), 1), 7000);
  assert.is(pauseMs(policy, 1, new TransientFailure('busy', { retryAfterMs: 61_000 }), 1), undefined);
});

test('Retry-After is seconds or a date', () => {
  const nowMs = Date.parse('2026-11-24T12:00:00Z');
  assert.is(retryAfterMs('120', nowMs), 120_000);
  assert.is(retryAfterMs('Tue, 24 Nov 2026 12:00:30 GMT', nowMs), 30_000);
  assert.is(retryAfterMs('Tue, 24 Nov 2026 11:00:00 GMT', nowMs), 0);
  assert.is(retryAfterMs('soon', nowMs), undefined);
  assert.is(retryAfterMs(undefined, nowMs), undefined);
});

test.run();
