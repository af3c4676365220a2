import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { passedEnvironment } from '../../src/kas/passed-env.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('kas: variables that reach BitBake');
const dir = scratch('passed-env');
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

test('later files win, and the caller wins over all; a name without a value is passed only when the caller has one', async () => {
  const files = [
    file('a.yml', 'header: {version: 12}\nenv: {A: "1", B: "1", C: "1", D: null, E: null}\n'),
    file('b.yml', 'env:\n  B: "2"\n  C: "2"\n'),
    file('c.yml', 'header: {version: 1}\n'),
  ];
  const passed = await passedEnvironment(files, { C: '3', E: '3', F: '3' });
  assert.equal(
    [...passed],
    [
      ['A', '1'],
      ['B', '2'],
      ['C', '3'],
      ['E', '3'],
    ],
  );
});

test('a file without env, or with an odd one, passes nothing', async () => {
  for (const text of ['', 'env:\n', 'env: x\n', '[]\n'])
    assert.is((await passedEnvironment([file('x.yml', text)], { x: '1' })).size, 0);
});

test.run();
