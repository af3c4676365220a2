import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  pairKey,
  type ArchiveState,
  type DeltaInfo,
  type Held,
  type VersionManifest,
} from '../../../src/core/archive.ts';
import { requiredPairs } from '../../../src/plan/pairs.ts';
import { resolve, type ResolveInput } from '../../../src/delivery/swupdate/steps.ts';
import { deltaInfo, manifest, plan, whole } from '../../support/manifests.ts';

const test = suite('plan/resolve');

const engineVersions = { rdiff: 2, kas: 0, ostree: 0 };

const recipes = { rdiff: 'recipe', kas: 'recipe of kas', ostree: '' };

function input(
  versions: Record<string, Held<VersionManifest>>,
  updates: Record<string, Held<DeltaInfo>>,
  changes: Partial<ResolveInput> = {},
): ResolveInput {
  const state: ArchiveState = {
    versions: new Map(Object.entries(versions)),
    updates: new Map(Object.entries(updates)),
  };
  return { state, pairs: requiredPairs(plan()), recipes, engineVersions, reportIsCurrent: true, ...changes };
}

const archived = Object.fromEntries(['0.1.0', '0.2.0', '0.3.0'].map((version) => [version, whole(manifest(version))]));
const made = Object.fromEntries(
  ['0.1.0', '0.2.0'].map((from) => [pairKey(from, '0.3.0'), whole(deltaInfo(from, '0.3.0'))]),
);
const words = (given: ResolveInput): string[] =>
  resolve(plan(), given).map((step) =>
    [step.kind, 'version' in step ? step.version : 'from' in step ? pairKey(step.from, step.to) : '', step.why].join(
      '|',
    ),
  );

test('an empty archive: each version is archived before the next is built, then the deltas', () => {
  assert.equal(words(input({}, {})), [
    'build|0.1.0|not in the archive',
    'archive|0.1.0|the next build removes its files',
    'build|0.2.0|not in the archive',
    'archive|0.2.0|the next build removes its files',
    'build|0.3.0|not in the archive',
    'archive|0.3.0|the next build removes its files',
    'delta|0.1.0 -> 0.3.0|required by tag promoted; not in the archive',
    'delta|0.2.0 -> 0.3.0|required by tag promoted; not in the archive',
    'report||the steps above change it',
  ]);
});

test('nothing to do when all is true', () => {
  assert.equal(words(input(archived, made)), []);
  assert.equal(words(input(archived, made, { reportIsCurrent: false })), [
    'report||the report on disk is missing or of another state',
  ]);
});

test('a damaged version is not built over, and blocks what starts from it', () => {
  const steps = resolve(
    plan(),
    input({ ...archived, '0.1.0': { state: 'damaged', dir: '/a', problems: ['/a/rootfs was altered'] } }, {}),
  );
  assert.equal(
    steps.filter((step) => step.kind === 'build'),
    [],
  );
  assert.equal(
    steps.flatMap((step) => (step.kind === 'delta' ? [[step.from, step.blocked]] : [])),
    [
      ['0.1.0', ['/a/rootfs was altered']],
      ['0.2.0', undefined],
    ],
  );
});

test('an update is made again when it is damaged, or of another recipe, trust or image', () => {
  const key = pairKey('0.1.0', '0.3.0');
  const whyOf = (held: Held<DeltaInfo>, changes: Partial<ResolveInput> = {}): string | undefined =>
    words(input(archived, { ...made, [key]: held }, changes))[0];
  assert.match(whyOf({ state: 'damaged', dir: '', problems: ['x.swu is missing'] }) ?? '', 'damaged: x.swu is missing');
  assert.match(whyOf(whole(deltaInfo('0.1.0', '0.3.0', { recipe: 'older' }))) ?? '', 'the plan says otherwise');
  assert.match(
    whyOf(whole(deltaInfo('0.1.0', '0.3.0', { trust: 'old key' })), { trust: 'new key' }) ?? '',
    'public key',
  );
  assert.is(whyOf(whole(deltaInfo('0.1.0', '0.3.0', { trust: 'old key' }))), undefined);
  const other = deltaInfo('0.1.0', '0.3.0');
  const [first] = other.partitions;
  if (first !== undefined) first.base = { ...first.base, sha256: 'f'.repeat(64) };
  assert.match(whyOf(whole(other)) ?? '', 'another image of 0.1.0');
});

test("a pair that two rules want is made once, by the first rule's engine", () => {
  const two = plan({
    deltas: [
      { to: '0.3.0', from: { kind: 'list', versions: ['0.2.0'] }, engine: 'kas', maxShare: 0.7 },
      ...plan().deltas,
    ],
  });
  assert.equal(
    requiredPairs(two).map((pair) => [pair.from, pair.engine, pair.rule]),
    [
      ['0.2.0', 'kas', 'the plan by name'],
      ['0.1.0', 'rdiff', 'tag promoted'],
    ],
  );
});

test('an update of an older engine is made again, one of a newer is left alone', () => {
  const byEngine = (engineVersion: number) =>
    words(
      input(archived, { ...made, [pairKey('0.1.0', '0.3.0')]: whole(deltaInfo('0.1.0', '0.3.0', { engineVersion })) }),
    );
  assert.match(byEngine(1)[0] ?? '', 'it was made by version 1 of the engine rdiff, here is 2');
  assert.equal(byEngine(3), []);
});

test.run();
