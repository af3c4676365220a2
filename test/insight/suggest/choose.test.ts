import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cheaperChains, type Link } from '../../../src/insight/suggest/chains.ts';
import { choose, type Limits, type Offer } from '../../../src/insight/suggest/choose.ts';

const test = suite('insight/suggest/choose');

const offer = (base: string, devices: number, savedBytes: number, bytes = 10, ms = 1000): Offer => ({
  base,
  devices,
  savedBytes,
  bytes,
  ms,
});

const basesOf = ({ chosen }: { chosen: Offer[] }): string => chosen.map(({ base }) => base).join(' ');

test('a share of devices: the fewest deltas, the largest first', () => {
  const offers = [offer('a', 10, 1), offer('b', 60, 1), offer('c', 25, 1), offer('d', 5, 1)];
  const found = choose(offers, 100, { cover: 0.8 });
  assert.equal([basesOf(found), found.devices, found.isEnough, found.aim], ['b c', 85, true, 'devices']);
  assert.equal(basesOf(choose(offers, 100, { cover: 1 })), 'b c a d');
  const few = choose(offers, 100, { cover: 0.99, max: 2 });
  assert.equal([basesOf(few), few.isEnough, few.value, few.bound], ['b c', false, 85, 85]);
});

test('a number of deltas: those that save most, which is the best there is', () => {
  const offers = [offer('many', 90, 100), offer('old', 5, 900), offer('none', 50, 0)];
  const found = choose(offers, 200, { max: 1 });
  assert.equal([basesOf(found), found.value, found.bound], ['old', 900, 900]);
  assert.is(basesOf(choose(offers, 200, { max: 9 })), 'old many', 'what saves nothing is not chosen');
});

test('budgets: small ones may be worth more than the largest', () => {
  const offers = [offer('large', 1, 100, 100), offer('x', 1, 60, 50), offer('y', 1, 60, 50)];
  assert.is(basesOf(choose(offers, 3, { bytes: 100 })), 'x y');
  assert.is(basesOf(choose(offers, 3, { bytes: 40 })), '');
  assert.is(basesOf(choose([offer('made', 1, 5, 10, 0), offer('new', 1, 9, 10, 60_000)], 2, { ms: 0 })), 'made');
});

test('without any size, devices count', () => {
  const unknown = [{ base: 'a', devices: 3, savedBytes: null, bytes: null, ms: 0 }];
  const found = choose(unknown, 3, { max: 1 });
  assert.equal([basesOf(found), found.aim], ['a', 'devices']);
});

/** Every choice within the limits, by trying all. */
function bestOf(offers: readonly Offer[], limits: Limits, valueOf: (one: Offer) => number): number {
  let best = 0;
  for (let choice = 0; choice < 2 ** offers.length; choice += 1) {
    const chosen = offers.filter((_, at) => (choice >> at) & 1);
    const sum = (of: (one: Offer) => number): number => chosen.reduce((total, one) => total + of(one), 0);
    const fits =
      chosen.length <= (limits.max ?? Infinity) &&
      sum(({ bytes }) => bytes ?? 0) <= (limits.bytes ?? Infinity) &&
      sum(({ ms }) => ms) <= (limits.ms ?? Infinity);
    if (fits) best = Math.max(best, sum(valueOf));
  }
  return best;
}

const offers = fc
  .array(
    fc.record({
      devices: fc.integer({ min: 1, max: 40 }),
      savedBytes: fc.integer({ min: 1, max: 1000 }),
      bytes: fc.integer({ min: 1, max: 50 }),
      ms: fc.integer({ min: 0, max: 50 }),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((all) => all.map((one, at): Offer => ({ base: String(at), ...one })));

test('against every choice: within the limits, half of the best or more, and never above the bound', () => {
  const budget = fc.option(fc.integer({ min: 50, max: 200 }), { nil: undefined });
  const count = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
  fc.assert(
    fc.property(offers, budget, budget, count, (all, bytes, ms, max) => {
      const limits = Object.fromEntries(
        Object.entries({ bytes, ms, max }).filter(([, one]) => one !== undefined),
      ) as Limits;
      const found = choose(all, 1000, limits);
      const best = bestOf(all, limits, ({ savedBytes }) => savedBytes ?? 0);
      const sum = (of: (one: Offer) => number): number => found.chosen.reduce((total, one) => total + of(one), 0);
      assert.ok(sum((one) => one.bytes ?? 0) <= (bytes ?? Infinity) && sum((one) => one.ms) <= (ms ?? Infinity));
      assert.ok(found.value <= best && best <= found.bound + 1e-6, `${found.value} ${best} ${found.bound}`);
      // One budget: that of the largest offer or of the densest ones, which together exceed the best.
      if (ms === undefined && max === undefined) assert.ok(2 * found.value >= best, `${found.value} of ${best}`);
      if (ms === undefined && bytes === undefined) assert.is(found.value, best);
    }),
    { numRuns: 100 },
  );
});

test('chains: cheaper over what is there, and only then', () => {
  const links: Link[] = [
    { from: '1', to: '2', bytes: 10 },
    { from: '2', to: '3', bytes: 10 },
    { from: '3', to: '9', bytes: 10 },
    { from: '2', to: '9', bytes: 15 },
    { from: '4', to: '9', bytes: 5 },
  ];
  const now = new Map([
    ['1', { devices: 7, bytes: 100 }],
    ['2', { devices: 3, bytes: 15 }],
    ['4', { devices: 1, bytes: 5 }],
    ['5', { devices: 1, bytes: 100 }],
  ]);
  assert.equal(cheaperChains(links, '9', now), [
    { base: '1', devices: 7, over: ['1', '2', '9'], bytes: 25, insteadBytes: 100 },
  ]);
  assert.equal(cheaperChains(links, '9', new Map([['1', { devices: 7, bytes: 25 }]])), []);
});

test.run();
