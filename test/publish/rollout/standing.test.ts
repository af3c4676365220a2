import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sumOfWires } from '../../../src/core/rollout.ts';
import { readRecord, type PublishedPackage } from '../../../src/publish/record.ts';
import { keepStandings, readStandings, standingOf } from '../../../src/publish/rollout/standing.ts';
import { sealJson } from '../../../src/text/json.ts';
import { failureOf } from '../../support/failure.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('publish/rollout/standing');

const OWNER = { product: 'tolomeo', machine: 'board-a', image: 'image-prod' };
const sent = (version: string, sizeBytes: number, base?: string, destination = 'field'): PublishedPackage => ({
  destination,
  kind: 'hawkbit',
  address: 'https://hawkbit.example',
  place: '',
  version,
  ...(base === undefined ? {} : { base }),
  fileName: `${base ?? 'full'}-${version}.swu`,
  sizeBytes,
  sha256: '0'.repeat(64),
  at: '2026-11-27T00:00:00Z',
});
const published = [
  sent('0.3.0', 10, '0.1.0'),
  sent('0.3.0', 100),
  sent('0.3.0', 7777, '0.1.0', 'other'),
  sent('0.2.0', 8888, '0.1.0'),
];
const of = { destination: 'field', owner: OWNER, published, at: '2026-11-28T00:00:00Z' };
const told = (name: string, finished: number, failed: number) =>
  standingOf({ name, state: 'running', devices: 9, finished, failed }, of);

test('a rollout is known by its name, its bytes by what was published', () => {
  const delta = told('tolomeo-board-a-image-prod-from-0.1.0 0.3.0 my tag #2', 4, 1);
  assert.equal(
    [delta.version, delta.tag, delta.base, delta.isOfRefused, delta.wire],
    ['0.3.0', 'my tag', '0.1.0', false, { bytes: 50, fullBytes: 400 }],
  );
  const full = told('tolomeo-board-a-image-prod-full 0.3.0 promoted refused (1 of 2)', 1, 0);
  assert.equal([full.base, full.isOfRefused, full.wire], [undefined, true, { bytes: 100, fullBytes: 100 }]);
  assert.equal(sumOfWires([delta, full]), { bytes: 150, fullBytes: 500 });
});

test('what is not known here is not guessed', () => {
  const gone = told('tolomeo-board-a-image-prod-from-0.0.1 0.3.0 promoted', 4, 0);
  assert.is(gone.wire, undefined);
  const noFull = told('tolomeo-board-a-image-prod-from-0.1.0 0.2.0 promoted', 1, 0);
  assert.equal(noFull.wire, { bytes: 8888 });
  assert.is(sumOfWires([gone]), undefined);
  assert.equal(sumOfWires([gone, noFull, told('tolomeo-board-a-image-prod-full 0.3.0 promoted', 1, 0)]), {
    bytes: 8988,
  });
});

test('what was told is kept, newer words replace older ones, an altered record is refused', async () => {
  const path = join(scratch('standing'), 'rollouts.json');
  assert.equal(await readStandings(path), []);
  const first = told('tolomeo-board-a-image-prod-from-0.1.0 0.3.0 promoted', 1, 0);
  const second = told('tolomeo-board-a-image-prod-full 0.3.0 promoted', 0, 0);
  await keepStandings(path, [first, second]);
  await keepStandings(path, []);
  await keepStandings(path, [{ ...first, finished: 9 }]);
  assert.equal(await readStandings(path), [second, { ...first, finished: 9 }]);
  writeFileSync(path, '{"schema": 1, "rollouts": []}');
  const failure = await failureOf(() => readStandings(path));
  assert.is(failure.code, 'index-invalid');
  assert.match(failure.message, path);
});

test('a well-sealed record of another form is damage, named, and no bug', async () => {
  const path = join(scratch('hostile'), 'record.json');
  const known = told('tolomeo-board-a-image-prod-full 0.3.0 promoted', 0, 0);
  for (const [read, key, one] of [
    [readStandings, 'rollouts', known],
    [readRecord, 'published', published[0]],
  ] as const) {
    for (const value of [null, 'x', {}, [null], [[]], [{ ...one, version: 7 }], [{ ...one, at: {} }]]) {
      writeFileSync(path, sealJson({ schema: 1, [key]: value }));
      const failure = await failureOf(async () => await read(path));
      assert.is(failure.code, 'index-invalid', JSON.stringify(value));
      assert.match(failure.message, path);
    }
    writeFileSync(path, sealJson({ schema: 1, [key]: [{ ...one, later: 1 }] }));
    assert.is((await read(path)).length, 1);
  }
});

test.run();
