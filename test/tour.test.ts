/** What docs/tour.md says a change costs: the files are there, and hold the lines that it quotes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('..', import.meta.url));
const test = suite('tour');
const [, section = ''] = readFileSync(join(root, 'docs/tour.md'), 'utf8').split('## Costs of a change');
const rows = [...section.matchAll(/^\|[^`]*\| `([^`]+)` \| `((?:[^`\\]|\\.)+)` \|$/gm)].map(
  ([, file = '', line = '']) => ({ file, line: line.replaceAll('\\|', '|') }),
);

test('every row of the table is read', () => {
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  assert.is(rows.length, lines.length - 2);
});

for (const { file, line } of rows)
  test(`${file} holds ${line}`, () => {
    assert.match(readFileSync(join(root, file), 'utf8'), line);
  });

test.run();
