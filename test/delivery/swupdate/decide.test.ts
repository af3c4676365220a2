import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ArchiveEntry, DeltaInfo, FullInfo, VersionManifest } from '../../../src/core/archive.ts';
import { PairMap, pairText, type Pair } from '../../../src/core/pair.ts';
import { withReport, type Step } from '../../../src/core/step.ts';
import { requiredPairs } from '../../../src/plan/pairs.ts';
import { decideSteps, type DecideInput } from '../../../src/delivery/swupdate/decide.ts';
import { deltaInfo, manifest, plan, whole } from '../../support/manifests.ts';

const test = suite('delivery/swupdate/decide');

const engineVersion = (engine: string): number => (engine === 'rdiff' ? 2 : 0);

const recipes = new Map([
  ['rdiff', 'recipe'],
  ['kas', 'recipe of kas'],
]);

/** What is given to the decision, and whether the report on disk is current. */
type Given = DecideInput & { reportIsCurrent: boolean };

type Updates = Iterable<readonly [Pair, ArchiveEntry<DeltaInfo>]>;

const resolve = (of: ReturnType<typeof plan>, { reportIsCurrent, ...given }: Given): Step[] =>
  withReport(decideSteps(of, given), reportIsCurrent);

function input(
  versions: Record<string, ArchiveEntry<VersionManifest>>,
  updates: Updates,
  changes: Partial<Given> = {},
): Given {
  const archive = {
    versions: new Map(Object.entries(versions)),
    updates: new PairMap(updates),
    fulls: new Map<string, ArchiveEntry<FullInfo>>(),
  };
  return {
    archive,
    pairs: requiredPairs(plan()),
    fulls: [],
    fullRecipe: 'full',
    recipes,
    engineVersion,
    reportIsCurrent: true,
    ...changes,
  };
}

const archived = Object.fromEntries(['0.1.0', '0.2.0', '0.3.0'].map((version) => [version, whole(manifest(version))]));
const pairTo3 = (from: string): Pair => ({ from, to: '0.3.0' });
const made: Array<readonly [Pair, ArchiveEntry<DeltaInfo>]> = ['0.1.0', '0.2.0'].map((from) => [
  pairTo3(from),
  whole(deltaInfo(from, '0.3.0')),
]);
const words = (given: Given): string[] =>
  resolve(plan(), given).map((step) =>
    [step.kind, 'version' in step ? step.version : 'from' in step ? pairText(step) : '', step.why].join('|'),
  );

test('an empty archive: each version is archived before the next is built, then the deltas', () => {
  assert.equal(words(input({}, [])), [
    'build|0.1.0|not in the archive',
    'archive|0.1.0|the next build would remove its files',
    'build|0.2.0|not in the archive',
    'archive|0.2.0|the next build would remove its files',
    'build|0.3.0|not in the archive',
    'archive|0.3.0|the next build would remove its files',
    'delta|0.1.0 -> 0.3.0|required by tag promoted; not in the archive',
    'delta|0.2.0 -> 0.3.0|required by tag promoted; not in the archive',
    'report||the steps above change it',
  ]);
});

test('nothing to do when all is true', () => {
  assert.equal(words(input(archived, made)), []);
  assert.equal(words(input(archived, made, { reportIsCurrent: false })), [
    'report||the report on disk is missing or out of date',
  ]);
});

test('a damaged version is not built over, and blocks what starts from it', () => {
  const steps = resolve(
    plan(),
    input({ ...archived, '0.1.0': { state: 'damaged', dir: '/a', problems: ['/a/rootfs was modified'] } }, []),
  );
  assert.equal(
    steps.filter((step) => step.kind === 'build'),
    [],
  );
  assert.equal(
    steps.flatMap((step) => (step.kind === 'delta' ? [[step.from, step.blocked]] : [])),
    [
      ['0.1.0', ['/a/rootfs was modified']],
      ['0.2.0', undefined],
    ],
  );
});

test('an update is made again when it is damaged, or of another recipe, trust or image', () => {
  const whyOf = (entry: ArchiveEntry<DeltaInfo>, changes: Partial<Given> = {}): string | undefined =>
    words(input(archived, [...made, [pairTo3('0.1.0'), entry]], changes))[0];
  assert.match(whyOf({ state: 'damaged', dir: '', problems: ['x.swu is missing'] }) ?? '', 'damaged: x.swu is missing');
  assert.match(
    whyOf(whole(deltaInfo('0.1.0', '0.3.0', { recipe: 'older' }))) ?? '',
    'partitions, packaging or signing changed since',
  );
  assert.match(
    whyOf(whole(deltaInfo('0.1.0', '0.3.0', { trust: 'old key' })), { trust: 'new key' }) ?? '',
    'public key',
  );
  assert.is(whyOf(whole(deltaInfo('0.1.0', '0.3.0', { trust: 'old key' }))), undefined);
  const other = deltaInfo('0.1.0', '0.3.0');
  const [first] = other.partitions;
  if (first !== undefined) first.base = { ...first.base, sha256: 'f'.repeat(64) };
  assert.match(whyOf(whole(other)) ?? '', 'a different image of 0.1.0');
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
      ['0.2.0', 'kas', 'the plan'],
      ['0.1.0', 'rdiff', 'tag promoted'],
    ],
  );
});

test('an update of an older engine is made again, one of a newer is left alone', () => {
  const byEngine = (version: number) =>
    words(
      input(archived, [...made, [pairTo3('0.1.0'), whole(deltaInfo('0.1.0', '0.3.0', { engineVersion: version }))]]),
    );
  assert.match(byEngine(1)[0] ?? '', 'made by version 1 of the engine rdiff, now 2');
  assert.equal(byEngine(3), []);
});

test.run();
