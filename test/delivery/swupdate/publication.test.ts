/** Which packages of a snapshot go out: what is proven and offered, and the full package for everyone else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import type { ArchiveEntry, DeltaInfo, FullInfo } from '../../../src/core/archive.ts';
import { PairMap, type Pair } from '../../../src/core/pair.ts';
import type { Plan } from '../../../src/core/plan.ts';
import type { Publication } from '../../../src/core/publication.ts';
import { publicationOf, type Judged } from '../../../src/delivery/swupdate/publication.ts';
import { fullsOf } from '../../../src/delivery/swupdate/full.ts';
import type { SwupdateSnapshot } from '../../../src/delivery/swupdate/snapshot.ts';
import { requiredPairs } from '../../../src/plan/pairs.ts';
import { deltaInfo, manifest, plan, whole } from '../../support/manifests.ts';

const test = suite('delivery/swupdate/publication');

const TO = '0.3.0';
const FULL_BYTES = 1000;
const NOTHING_AMISS: Judged = { steps: [], checks: [] };

const delta = (from: string, sizeBytes: number): readonly [Pair, ArchiveEntry<DeltaInfo>] => {
  const info = deltaInfo(from, TO);
  return [{ from, to: TO }, whole({ ...info, swu: { ...info.swu, file: `${from}.swu`, sizeBytes } })];
};

const { partitions: _deltas, from: _from, to: _to, engine: _engine, engineVersion: _of, ...common } = deltaInfo('', TO);
const fullInfo: FullInfo = {
  ...common,
  version: TO,
  partitions: [],
  recipe: 'full',
  swu: { ...common.swu, file: 'full.swu', sizeBytes: FULL_BYTES },
};

interface Given {
  deltas: ReadonlyArray<readonly [Pair, ArchiveEntry<DeltaInfo>]>;
  full?: ArchiveEntry<FullInfo>;
  of?: Plan;
}

const withFull = (isMade: boolean): Plan => plan({ swu: { ...plan().swu, full: isMade } });

const none = { state: 'none' } as const;

function snapshot({ deltas, full = whole(fullInfo), of = withFull(true) }: Given): SwupdateSnapshot {
  return {
    inputs: { plan: of, registry: none, fleet: async () => none, isFleetUnasked: false },
    packages: new Map(),
    archive: {
      versions: new Map(of.versions.map(({ version }) => [version, whole(manifest(version))])),
      updates: new PairMap(deltas),
      fulls: new Map([[TO, full]]),
    },
    pairs: requiredPairs(of),
    recipes: new Map([['rdiff', 'recipe']]),
    trust: undefined,
    devices: undefined,
    fulls: fullsOf(of),
    fullRecipe: 'full',
    written: undefined,
  };
}

type Packages = Extract<Publication, { kind: 'packages' }>;
const packagesOf = (publication: Publication): Packages => {
  assert.is(publication.kind, 'packages');
  return publication as Packages;
};
const files = (given: Given, judged = NOTHING_AMISS): string[] =>
  packagesOf(publicationOf(snapshot(given), judged)).packages.map(({ fileName }) => fileName);

test('deltas go out beside the full package, which needs no base', () => {
  const deltas = [delta('0.1.0', 100), delta('0.2.0', 700)];
  const { packages, unproven } = packagesOf(publicationOf(snapshot({ deltas }), NOTHING_AMISS));
  assert.equal(unproven, []);
  assert.equal(
    packages.map(({ fileName, version, base, sizeBytes }) => [fileName, version, base?.version, sizeBytes]),
    [
      ['0.1.0.swu', TO, '0.1.0', 100],
      ['0.2.0.swu', TO, '0.2.0', 700],
      ['full.swu', TO, undefined, FULL_BYTES],
    ],
  );
});

test('a delta above max_share is neither published nor missed: the full package is for its devices', () => {
  const given: Given = { deltas: [delta('0.1.0', 100), delta('0.2.0', 701)] };
  assert.equal(files(given), ['0.1.0.swu', 'full.swu']);
  assert.equal(packagesOf(publicationOf(snapshot(given), NOTHING_AMISS)).unproven, []);
});

test('without a full package there is nothing else for the devices: every delta goes out', () => {
  const of = withFull(false);
  const deltas = [delta('0.1.0', 100), delta('0.2.0', 5000)];
  // One that is left from when the plan wanted it keeps no delta back: it is not published itself.
  for (const full of [whole(fullInfo), { state: 'absent' as const }])
    assert.equal(files({ of, full, deltas }), ['0.1.0.swu', '0.2.0.swu']);
});

test('a full package that is absent, damaged, due or failing is kept back with the reason; deltas are not', () => {
  const deltas = [delta('0.1.0', 100), delta('0.2.0', 200)];
  const reason = (given: Partial<Given>, judged: Partial<Judged> = {}): string[] => {
    const all = { ...NOTHING_AMISS, ...judged };
    assert.equal(files({ deltas, ...given }, all), ['0.1.0.swu', '0.2.0.swu']);
    const { unproven } = packagesOf(publicationOf(snapshot({ deltas, ...given }), all));
    return unproven.map((one) => `${one.subject}: ${one.reason}`);
  };
  assert.equal(reason({ full: { state: 'absent' } }), ['full package 0.3.0: not in the archive']);
  assert.equal(reason({ full: { state: 'damaged', dir: '/a', problems: ['full.swu was modified'] } }), [
    'full package 0.3.0: full.swu was modified',
  ]);
  const step = { kind: 'full', version: TO, why: 'packaging changed since it was made' } as const;
  assert.equal(reason({}, { steps: [step] }), ['full package 0.3.0: packaging changed since it was made']);
  const row = { check: 'full', subject: TO, result: 'fail', detail: 'no space was left' } as const;
  assert.equal(reason({}, { checks: [row] }), ['full package 0.3.0: full: no space was left']);
});

test('whatever the sizes, a package that goes out is the full one or within max_share of it', () => {
  const sizes = fc.record({ first: fc.integer({ min: 1, max: 3000 }), second: fc.integer({ min: 1, max: 3000 }) });
  fc.assert(
    fc.property(sizes, ({ first, second }) => {
      const sent = files({ deltas: [delta('0.1.0', first), delta('0.2.0', second)] });
      assert.is(sent.includes('0.1.0.swu'), first * 10 <= 7 * FULL_BYTES);
      assert.is(sent.includes('0.2.0.swu'), second * 10 <= 7 * FULL_BYTES);
      assert.ok(sent.includes('full.swu'));
    }),
  );
});

test.run();
