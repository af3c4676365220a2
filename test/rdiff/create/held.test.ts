import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { heldWindows, placePages, stretchesOf } from '../../../src/rdiff/create/held.ts';
import { PAGE_BYTES, planLayout } from '../../../src/rdiff/create/layout.ts';

const test = suite('rdiff/create/held');

/** A base, and which of its blocks matches use. */
const bases = fc
  .record({
    baseBytes: fc.integer({ min: 1, max: 400_000 }),
    runs: fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()), { minLength: 1, maxLength: 40 }),
  })
  .map(({ baseBytes, runs }) => {
    const used = new Uint8Array(Math.ceil(baseBytes / 256));
    let at = 0;
    for (const [blocks, isUsed] of runs) {
      used.fill(isUsed ? 1 : 0, at, at + blocks);
      at += blocks;
    }
    return { baseBytes, used };
  });

test('windows cover the base in order, and what is unused of each fits', () => {
  fc.assert(
    fc.property(bases, fc.integer({ min: 1, max: 100 }), ({ baseBytes, used }, pagesMax) => {
      const windows = heldWindows(used, baseBytes, pagesMax);
      assert.is(windows[0].start, 0);
      assert.is(windows.at(-1)!.end, baseBytes);
      for (const [turn, window] of windows.entries()) {
        if (turn > 0) assert.is(window.start, windows[turn - 1]!.end);
        assert.is(window.start % PAGE_BYTES, 0);
        assert.ok(window.pages <= pagesMax);
      }
      if (pagesMax * PAGE_BYTES >= baseBytes) assert.is(windows.length, 1);
    }),
  );
});

test('every unused byte has a place, neighbours side by side, and finds back to the base', () => {
  fc.assert(
    fc.property(bases, fc.integer({ min: 1, max: 100 }), ({ baseBytes, used }, pagesMax) => {
      const layout = { ...planLayout(baseBytes, 2 ** 30, 1), heldPages: pagesMax };
      const buffer = new ArrayBuffer(layout.sizeBytes);
      const bytes = new Uint8Array(buffer);
      const words = new Uint32Array(buffer);
      bytes.set(used, layout.usedAt);
      for (const window of heldWindows(used, baseBytes, pagesMax)) {
        const placed = placePages(window, baseBytes, buffer, layout);
        let pages = 0;
        for (let page = 0; page * PAGE_BYTES < baseBytes; page += 1) {
          const place = words[layout.placesAt / 4 + page]!;
          if (place === 0) continue;
          pages += 1;
          const [start, end, back] = words.subarray((layout.pagesAt + (place - 1) * 16) / 4);
          assert.is(back, page);
          const address = layout.heldAt + (place - 1) * PAGE_BYTES;
          assert.ok(start! <= address && address < end!, 'a page is within its run');
          // A run is the base without a break: its ends say where it lies there.
          assert.ok(page * PAGE_BYTES - (address - start!) >= window.start);
          assert.ok(page * PAGE_BYTES + (end! - address) <= baseBytes);
          const next = words[layout.placesAt / 4 + page + 1]!;
          assert.is(next === place + 1, end! > address + PAGE_BYTES, 'a run goes on while the base does');
        }
        assert.is(pages, placed);
        assert.ok(placed <= window.pages);
        for (const { start, end } of stretchesOf(window, bytes, layout)) {
          const first = words[layout.placesAt / 4 + Math.floor(start / PAGE_BYTES)]!;
          const last = words[layout.placesAt / 4 + Math.floor((end - 1) / PAGE_BYTES)]!;
          assert.ok(first > 0);
          assert.is(
            last - first,
            Math.floor((end - 1) / PAGE_BYTES) - Math.floor(start / PAGE_BYTES),
            'a stretch is in one piece',
          );
        }
      }
    }),
  );
});

test.run();
