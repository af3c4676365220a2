import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import type { BuildLock } from '../../src/kas/lock.ts';
import { rebuildPlaces, renderPins } from '../../src/kas/rebuild-sources.ts';

const test = suite('kas: where a rebuild has its sources');
const COMMIT = 'c'.repeat(40);

const lock = (changes: Partial<BuildLock> = {}): BuildLock => ({
  schema: 1,
  version: '1.0.0',
  workDir: '..',
  repositories: [
    { name: 'product', path: 'product', commit: COMMIT },
    { name: 'poky', path: 'poky', url: 'https://git.example/poky', pin: 'branch main', commit: COMMIT },
    { name: 'old', path: 'old', url: 'https://git.example/old', pin: 'refspec main', commit: COMMIT },
  ],
  files: [{ path: 'kas/base.yml', sha256: '0' }],
  problems: [],
  tools: {},
  ...changes,
});

test('folders keep their places relative to one another', () => {
  const places = rebuildPlaces(lock(), '/work/product', '/again');
  assert.equal(
    [places.workDir, places.planDir, places.files],
    ['/again', '/again/product', ['/again/product/kas/base.yml']],
  );
  assert.is(places.moved('/work/poky'), '/again/poky');
});

test('a repository beside the work dir, and a path whose name begins as the other does, share what is above', () => {
  const beside = lock({ workDir: '.', repositories: [{ name: 'meta', path: '../product-meta', commit: COMMIT }] });
  const places = rebuildPlaces(beside, '/work/product', '/again');
  assert.equal([places.workDir, places.moved('/work/product-meta')], ['/again/product', '/again/product-meta']);
});

test('a layer within a repository leads to the top of that repository', () => {
  const inner = lock({
    workDir: '.',
    repositories: [{ name: 'meta', path: 'layers/meta', top: '../../..', commit: COMMIT }],
  });
  assert.is(rebuildPlaces(inner, '/work/product', '/again').workDir, '/again/product');
});

test('pins: what was asked for by refspec is pinned by it, the rest by commit; what is there anyway by nothing', () => {
  assert.equal(parse(renderPins(lock())), {
    header: { version: 1 },
    repos: { poky: { commit: COMMIT }, old: { refspec: COMMIT } },
  });
  assert.equal(parse(renderPins(lock({ repositories: [] }))), { header: { version: 1 } });
});

test.run();
