import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hawkbitFilters, MAX_FILTER } from '../../../src/publish/rollout/filter.ts';

const test = suite('filters of hawkBit');
const attributes = { version: 'version', tag: 'ring', hardware: 'board' };
/** A part of devices on some versions. */
const on = (...versions: string[]) => ({ versions, refused: [], except: [] });
const plan = { tag: 'promoted', hardware: 'board-a' };

test('name version, tag and hardware as devices say them', () => {
  assert.equal(hawkbitFilters(on('0.1.0'), plan, attributes, []), [
    'attribute.version=="0.1.0";attribute.ring=="promoted";attribute.board=="board-a"',
  ]);
  assert.equal(hawkbitFilters(on('0.1.0', '0.2.0'), plan, { version: 'v' }, ['dev-1']), [
    'attribute.v=in=("0.1.0","0.2.0")',
    'controllerId=="dev-1"',
  ]);
});

test('devices that refused a delta are left out of it, and named for the full package', () => {
  const delta = { versions: ['0.1.0'], refused: [], except: ['dev-3'] };
  assert.equal(hawkbitFilters(delta, plan, { version: 'v' }, []), ['attribute.v=="0.1.0";controllerId=out=("dev-3")']);
  const full = { versions: [], refused: ['dev-3'], except: [] };
  assert.equal(hawkbitFilters(full, plan, { version: 'v' }, ['dev-9']), ['controllerId=in=("dev-9","dev-3")']);
});

test('a value cannot become a condition', () => {
  const [filter] = hawkbitFilters(on('1";name==*,"'), plan, { version: 'v' }, []);
  assert.is(filter, 'attribute.v=="1\\";name==*,\\""');
});

test('long lists are split; no device is lost or named twice, and none is too long', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z0-9.:_-]{1,60}$/), { maxLength: 300 }), (names) => {
      const filters = hawkbitFilters(on(), plan, attributes, names);
      assert.ok(filters.every((filter) => filter.length <= MAX_FILTER));
      const named = filters.flatMap((filter) => [...filter.matchAll(/"([^"]*)"/g)].map(([, name]) => name));
      assert.equal(named, names);
    }),
  );
});

test('too many devices without a version are refused', () => {
  const names = Array.from({ length: 4000 }, (_, index) => `device-with-a-long-name-${index}`);
  try {
    hawkbitFilters(on(), plan, attributes, names);
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code: string }).code, 'rollout-unnamed');
  }
});

test.run();
