import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import { coverageOf, uncoveredOf, versionCounts } from '../../../src/delivery/fleet/coverage.ts';
import type { DeviceGroup, Fleet } from '../../../src/fleet/devices/tally.ts';
import { blockersOf, changeTags, chosenTargets, promotionsOf } from '../../../src/delivery/fleet/promotion.ts';
import type { Registry, Target } from '../../../src/fleet/registry.ts';
import {
  requiredDeltas,
  type BasisFacts,
  type DeltaQuestion,
  type RequiredDeltas,
} from '../../../src/delivery/fleet/required.ts';
import { compareVersions } from '../../../src/plan/version.ts';

const test = suite('fleet/required');

/** A commit that a number stands for. */
const commit = (n: number): string => n.toString(16).padStart(64, '0');

const ostreeTarget = (version: number, more: Partial<Target> = {}): Target => {
  const hardware = more.hardwareIds?.[0] ?? 'pi';
  return {
    name: `${hardware}-lmp-${version}`,
    sha256: commit(version),
    commit: more.sha256 ?? commit(version),
    version: String(version),
    tags: [],
    hardwareIds: ['pi'],
    format: 'OSTREE',
    custom: { name: `${hardware}-lmp` },
    ...more,
  };
};

const registryOf = (...targets: Target[]): Registry => ({
  file: 'targets.json',
  text: '',
  documentVersion: 1,
  isSigned: false,
  targets,
});

const group = (more: Partial<DeviceGroup>): DeviceGroup => ({
  tag: 'promoted',
  devices: 1,
  examples: [],
  isOrphan: false,
  ...more,
});

const fleetOf = (...groups: DeviceGroup[]): Fleet => ({
  source: 'devices.json',
  groups,
  devices: groups.reduce((sum, one) => sum + one.devices, 0),
  tags: [...new Set(groups.map((one) => one.tag))],
  bad: { count: 0, diagnostics: [] },
});

const facts: BasisFacts = { compareVersions, obstacle: () => undefined };

const without = (...missing: string[]): BasisFacts => ({
  compareVersions,
  obstacle: (from) =>
    missing.includes(from.commit ?? '') ? { reason: 'base-missing', detail: `${from.commit} is gone` } : undefined,
});

const ask = (more: Partial<DeltaQuestion>): DeltaQuestion => ({
  format: 'OSTREE',
  to: '9',
  from: [],
  allowDowngrade: false,
  ...more,
});

const pairsOf = (answer: RequiredDeltas): string[] =>
  answer.pairs.map(
    ({ from, to, devices }) =>
      `${from.versions.join('=') || from.commit?.replace(/^0+/, '#')}>${to.versions[0]} ${devices}`,
  );

const failure = (body: () => unknown): string => {
  try {
    body();
    return 'no error';
  } catch (error) {
    return error instanceof ReleasePlanError ? `${error.code}: ${error.message}` : String(error);
  }
};

const lmp = registryOf(ostreeTarget(5), ostreeTarget(7), ostreeTarget(9), ostreeTarget(10));

test('devices on a tag that run 7 and 5 require two deltas to 9; who is there or newer requires none', () => {
  const fleet = fleetOf(
    group({ targetName: 'pi-lmp-7', commit: commit(7), devices: 2 }),
    group({ targetName: 'pi-lmp-5', devices: 3 }),
    group({ targetName: 'pi-lmp-9', devices: 4 }),
    group({ targetName: 'pi-lmp-10', devices: 5 }),
    group({ tag: 'other', targetName: 'pi-lmp-5', devices: 100 }),
  );
  const answer = requiredDeltas(lmp, fleet, ask({ tag: 'promoted' }), facts);
  assert.equal(pairsOf(answer), ['5>9 3', '7>9 2']);
  assert.equal(coverageOf(answer.ways), { devices: 14, there: 4, newer: 5, byDelta: 5, byFullImage: 0, notAtAll: 0 });
  assert.equal(pairsOf(requiredDeltas(lmp, fleet, ask({ tag: 'promoted', allowDowngrade: true }), facts)), [
    '10>9 5',
    '5>9 3',
    '7>9 2',
  ]);
});

test('the same software under two versions is one pair, and no pair to itself', () => {
  const registry = registryOf(
    ostreeTarget(6),
    ostreeTarget(7, { sha256: commit(6) }),
    ostreeTarget(8, { sha256: commit(9) }),
    ostreeTarget(9),
  );
  const fleet = fleetOf(
    group({ targetName: 'pi-lmp-6' }),
    group({ targetName: 'pi-lmp-7', devices: 2 }),
    group({ targetName: 'pi-lmp-8', devices: 4 }),
  );
  const answer = requiredDeltas(registry, fleet, ask({ tag: 'promoted' }), facts);
  assert.equal(pairsOf(answer), ['7=6>9 3']);
  assert.is(coverageOf(answer.ways).there, 4);
});

test('orphans are served by their commit when the repository has it, and take the full image otherwise', () => {
  const fleet = fleetOf(
    group({ targetName: 'pi-lmp-3', commit: commit(3), devices: 2, examples: ['a', 'b'] }),
    group({ targetName: 'pi-lmp-2', commit: commit(2), devices: 3, examples: ['c'] }),
    group({ targetName: 'pi-lmp-1', devices: 4 }),
    group({ commit: commit(4), devices: 5 }),
    group({ devices: 6 }),
    group({ version: '7', isOrphan: true, devices: 7 }),
  );
  const answer = requiredDeltas(lmp, fleet, ask({ tag: 'promoted' }), without(commit(2)));
  assert.equal(pairsOf(answer), ['#4>9 5', '3>9 2']);
  assert.equal(
    uncoveredOf(answer).map(({ kind, reason, devices }) => [kind, reason, devices]),
    [
      ['full-image', 'orphan', 7],
      ['full-image', 'unknown', 6],
      ['full-image', 'orphan', 4],
      ['full-image', 'orphan', 3],
    ],
  );
});

test('a commit without a version is ordered by its time', () => {
  const times = new Map([
    [commit(4), 400],
    [commit(11), 1100],
    [commit(9), 900],
  ]);
  const fleet = fleetOf(group({ commit: commit(4) }), group({ commit: commit(11), devices: 2 }));
  const answer = requiredDeltas(lmp, fleet, ask({ tag: 'promoted' }), {
    ...facts,
    commitTime: (one) => times.get(one),
  });
  assert.equal(pairsOf(answer), ['#4>9 1']);
  assert.is(coverageOf(answer.ways).newer, 2);
});

test("a device counts as what its commit says, not what its Target's name says", () => {
  const fleet = fleetOf(
    group({ targetName: 'pi-lmp-9', commit: commit(5), devices: 2 }),
    group({ targetName: 'pi-lmp-9', commit: commit(77) }),
  );
  assert.equal(pairsOf(requiredDeltas(lmp, fleet, ask({ tag: 'promoted' }), facts)), ['5>9 2', '#4d>9 1']);
});

test('each kind of hardware has its own pairs, and --hw-id leaves one', () => {
  const imx = (version: number, base: number): Target =>
    ostreeTarget(version, { hardwareIds: ['imx'], sha256: commit(100 + base) });
  const registry = registryOf(ostreeTarget(7), ostreeTarget(9), imx(7, 7), imx(9, 9));
  const fleet = fleetOf(
    group({ targetName: 'pi-lmp-7', devices: 2 }),
    group({ targetName: 'imx-lmp-7', devices: 3 }),
    group({ targetName: 'esp-lmp-7', hardwareId: 'esp', devices: 4 }),
  );
  const both = requiredDeltas(registry, fleet, ask({ tag: 'promoted' }), facts);
  assert.equal(
    both.pairs.map((pair) => [pair.hardwareIds, pair.devices]),
    [
      [['imx'], 3],
      [['pi'], 2],
    ],
  );
  assert.is(coverageOf(both.ways).notAtAll, 4);
  const one = requiredDeltas(registry, fleet, ask({ tag: 'promoted', hardwareId: 'imx' }), facts);
  assert.equal(
    one.pairs.map((pair) => [pair.hardwareIds, pair.devices]),
    [[['imx'], 3]],
  );
  assert.is(coverageOf(one.ways).devices, 3);
  // fioctl's status tells versions, not hardware.
  const status = requiredDeltas(
    registry,
    fleetOf(group({ version: '7', devices: 5 })),
    ask({ tag: 'promoted' }),
    facts,
  );
  assert.equal(
    status.pairs.map((pair) => [pair.from.commit, pair.devices]),
    [
      [commit(7), 5],
      [commit(107), 5],
    ],
  );
  assert.is(coverageOf(status.ways).devices, 5);
  assert.match(
    failure(() => requiredDeltas(registry, fleet, ask({ hardwareId: 'esp' }), facts)),
    /^target-unknown: .* of version 9 for hardware esp/,
  );
});

test('versions that are named come first, in their order, whoever runs them', () => {
  const fleet = fleetOf(group({ targetName: 'pi-lmp-7', devices: 2 }));
  assert.equal(pairsOf(requiredDeltas(lmp, fleet, ask({ from: ['5', '7'] }), facts)), ['5>9 0', '7>9 2']);
  assert.equal(pairsOf(requiredDeltas(lmp, undefined, ask({ from: ['7', '7'] }), facts)), ['7>9 0']);
  assert.equal(pairsOf(requiredDeltas(lmp, fleet, ask({ from: ['5'] }), facts)), ['5>9 0']);
  assert.equal(pairsOf(requiredDeltas(lmp, fleet, ask({ from: ['5'], tag: 'promoted' }), facts)), ['5>9 0', '7>9 2']);
  assert.equal(
    requiredDeltas(lmp, fleet, ask({ from: ['5'] }), without(commit(5))).impossible.map((one) => one.detail),
    [`${commit(5)} is gone`],
  );
});

test("errors are in fioctl's words", () => {
  assert.is(
    failure(() => requiredDeltas(lmp, undefined, ask({ from: ['9'] }), facts)),
    'from-newer: from-version 9 is newer than to-version 9',
  );
  assert.is(
    failure(() => requiredDeltas(lmp, fleetOf(), ask({ tag: 'x' }), facts)),
    "tag-unknown: No tags named 'x' found",
  );
  assert.match(
    failure(() => requiredDeltas(lmp, undefined, ask({ to: '99' }), facts)),
    /^target-unknown: targets.json has no Target of version 99/,
  );
  assert.match(
    failure(() => requiredDeltas(lmp, undefined, ask({ from: ['4'] }), facts)),
    /^target-unknown: .* 4/,
  );
});

test('SWUpdate versions: a base that is not archived or has another layout takes the full image', () => {
  const of = (version: string): Target => ({
    name: `qemu-prod-${version}`,
    sha256: commit(1),
    version,
    tags: [],
    hardwareIds: ['qemu'],
    format: 'SWUPDATE',
    custom: { name: 'qemu-prod' },
  });
  const fleet = fleetOf(
    group({ targetName: 'qemu-prod-0.1.0', devices: 2 }),
    group({ version: '0.2.0', devices: 3 }),
    group({ version: '0.3.0', devices: 4 }),
    group({ version: '0.0.9', devices: 5 }),
  );
  const swu: BasisFacts = {
    compareVersions,
    obstacle: ({ versions }) =>
      versions[0] === '0.1.0' ? { reason: 'layout', detail: 'rootfs is larger' } : undefined,
  };
  const answer = requiredDeltas(
    registryOf(of('0.1.0'), of('0.2.0'), of('0.3.0')),
    fleet,
    ask({ format: 'SWUPDATE', to: '0.3.0', tag: 'promoted' }),
    swu,
  );
  assert.equal(pairsOf(answer), ['0.2.0>0.3.0 3']);
  assert.equal(
    uncoveredOf(answer).map(({ reason, devices }) => [reason, devices]),
    [
      ['orphan', 5],
      ['layout', 2],
    ],
  );
  assert.equal(versionCounts(answer.ways)[0], { tag: 'promoted', running: '0.0.9', devices: 5 });
});

test('every device has exactly one way, pairs are distinct, older to newer, and serve who is counted', () => {
  const anyGroup = fc
    .record({
      version: fc.integer({ min: 1, max: 14 }),
      hasTarget: fc.boolean(),
      hasCommit: fc.boolean(),
      other: fc.integer({ min: 1, max: 30 }),
      devices: fc.integer({ min: 1, max: 50 }),
      tag: fc.constantFrom('promoted', 'x'),
    })
    .map(({ version, hasTarget, hasCommit, other, devices, tag }) =>
      group({
        tag,
        devices,
        ...(hasTarget ? { targetName: `pi-lmp-${version}` } : {}),
        ...(hasCommit ? { commit: commit(other % 3 === 0 ? other : version) } : {}),
      }),
    );
  fc.assert(
    fc.property(
      fc.array(anyGroup, { minLength: 1 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      (groups, versions) => {
        const registry = registryOf(...versions.map((version) => ostreeTarget(version)));
        const fleet = fleetOf(...groups, group({ devices: 1, targetName: 'pi-lmp-1' }));
        const to = String(versions[0]);
        const answer = requiredDeltas(registry, fleet, ask({ to, tag: 'promoted' }), without(commit(3)));
        const onTag = fleet.groups.filter((one) => one.tag === 'promoted').reduce((sum, one) => sum + one.devices, 0);
        const coverage = coverageOf(answer.ways);
        assert.is(coverage.devices, onTag);
        assert.is(
          answer.pairs.reduce((sum, pair) => sum + pair.devices, 0),
          coverage.byDelta,
        );
        assert.is(new Set(answer.pairs.map((pair) => pair.from.commit)).size, answer.pairs.length);
        for (const { from } of answer.pairs) {
          assert.not.equal(from.commit, commit(Number(to)));
          assert.not.equal(from.commit, commit(3));
          for (const version of from.versions) assert.ok(Number(version) < Number(to));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('tags replace, or come after; what does not change is no change', () => {
  const targets = [ostreeTarget(7, { tags: ['master', 'promoted'] }), ostreeTarget(9, { tags: ['master'] })];
  const shown = (append: boolean, ...tags: string[]): unknown =>
    changeTags(targets, tags, append).map(({ target, after }) => [target.version, after]);
  assert.equal(shown(false, 'promoted'), [
    ['7', ['promoted']],
    ['9', ['promoted']],
  ]);
  assert.equal(shown(false, 'master', 'promoted'), [['9', ['master', 'promoted']]]);
  assert.equal(shown(true, 'promoted', 'promoted'), [['9', ['master', 'promoted']]]);
  assert.equal(promotionsOf(changeTags(targets, ['beta', 'master'], false)), [
    { tag: 'beta', version: '7', format: 'OSTREE' },
    { tag: 'beta', version: '9', format: 'OSTREE' },
  ]);
  const registry = registryOf(...targets);
  assert.equal(chosenTargets(registry, ['pi-lmp-7', 'nope'], ['9', '8']), { found: targets, missing: ['nope', '8'] });
});

test('a tag is blocked by each delta with a problem, and by no other', () => {
  const fleet = fleetOf(group({ targetName: 'pi-lmp-7', devices: 2 }), group({ targetName: 'pi-lmp-5', devices: 3 }));
  const answer = requiredDeltas(lmp, fleet, ask({ tag: 'promoted' }), facts);
  const blockers = blockersOf('promoted', answer, (pair) => (pair.from.versions[0] === '5' ? 'is missing' : undefined));
  assert.equal(
    blockers.map(({ tag, pair, problem }) => [tag, pair.from.versions, problem]),
    [['promoted', ['5'], 'is missing']],
  );
});

test.run();
