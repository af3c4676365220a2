import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NameSet } from '../../../src/fleet/devices/name-set.ts';

const test = suite('fleet/name-set');

test('a name is new once, among many, alike, empty and foreign ones', () => {
  const names = ['', '\0', 'ü', 'dev-1 ', ...Array.from({ length: 200_000 }, (_, at) => `dev-${at}`)];
  const set = new NameSet();
  for (const name of names) assert.is(set.add(name), true, JSON.stringify(name));
  for (const name of names) assert.is(set.has(name) && !set.add(name), true, JSON.stringify(name));
  for (const name of [' ', 'dev-200000', 'dev-01']) assert.is(set.has(name), false, name);
});

test.run();
