import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KasSettings, Plan } from '../../src/core/plan.ts';
import type { Step } from '../../src/core/step.ts';
import { comparePlans, isEmpty, type PlanView } from '../../src/plan/compare.ts';
import { requiredPairs } from '../../src/plan/pairs.ts';
import { plan as demoPlan } from '../support/manifests.ts';

const test = suite('plan: compare');

const KAS: KasSettings = {
  config: ['/project/base.yml'],
  override: 'zz-release-plan',
  lock: 'write',
  update: false,
  forceCheckout: false,
  allowDirty: false,
  provenance: 'off',
  command: 'kas',
  workDir: '/project',
  deploy: '/project/deploy',
  deltaConfig: [],
  pass: [],
  stallTimeoutMs: 1,
};

/** A plan and what apply would do with an archive that holds some versions and no update. */
function view(changes: Partial<Plan>, archived: readonly string[] = [], recipe = 'one'): PlanView {
  const plan = demoPlan({ kas: KAS, ...changes });
  const pairs = requiredPairs(plan);
  const steps: Step[] = [
    ...plan.versions
      .filter(({ version }) => !archived.includes(version))
      .flatMap(({ version }): Step[] => [
        { kind: 'build', version, why: '' },
        { kind: 'archive', version, why: '' },
      ]),
    ...pairs.map(({ from, to, engine }): Step => ({ kind: 'delta', from, to, engine, why: 'not in the archive' })),
  ];
  return { plan, pairs, recipes: new Map(['rdiff', 'kas'].map((engine) => [engine, recipe])), steps };
}

const versionsOf = (...versions: string[]): Plan['versions'] =>
  versions.map((version) => ({ version, tags: ['promoted'], kas: [] }));

test('a plan against itself changes nothing, whatever is still to be done', () => {
  const comparison = comparePlans(view({}), view({}), 'none');
  assert.ok(isEmpty(comparison));
  assert.is(comparison.pending, 8);
});

test('a new version is built, and the deltas to it are made; one that is archived already is not built', () => {
  const before = view({ versions: versionsOf('0.1.0'), deltas: [] }, ['0.1.0', '0.2.0']);
  const after = view({ versions: versionsOf('0.1.0', '0.2.0', '0.3.0') }, ['0.1.0', '0.2.0']);
  const comparison = comparePlans(before, after, 'none');
  assert.equal(comparison.builds, ['0.3.0']);
  assert.equal(comparison.adopted, ['0.2.0']);
  assert.equal(
    comparison.deltas.map(({ from, to, engine }) => [from, to, engine]),
    [
      ['0.1.0', '0.3.0', 'rdiff'],
      ['0.2.0', '0.3.0', 'rdiff'],
    ],
  );
});

test('a delta that the archive has from earlier is required again, and made no more', () => {
  const after = view({});
  const comparison = comparePlans(view({ deltas: [] }), { ...after, steps: [] }, 'none');
  assert.equal(comparison.deltas, []);
});

test('packaging that changes makes the kept deltas again, and names the setting', () => {
  const after = view({ swu: { ...view({}).plan.swu, compress: 'zstd' } }, [], 'two');
  const comparison = comparePlans(view({}), after, 'none');
  assert.equal(
    comparison.remade.map(({ from, to }) => [from, to]),
    [
      ['0.1.0', '0.3.0'],
      ['0.2.0', '0.3.0'],
    ],
  );
  assert.equal(comparison.settings, [{ key: 'swu.compress', before: '"gzip"', after: '"zstd"' }]);
  assert.equal(comparison.deltas, []);
});

test('a removed version tells who still needs it: devices, a tag, a delta', () => {
  const uses = new Map([['0.1.0', { devices: 5, examples: ['a', 'b', 'c'] }]]);
  const after = view({
    versions: versionsOf('0.2.0', '0.3.0'),
    deltas: [{ to: '0.3.0', from: { kind: 'tag', tag: 'promoted' }, engine: 'rdiff', maxShare: 0.7 }],
  });
  const [removed, ...others] = comparePlans(view({}), after, uses).removed;
  assert.equal(others, []);
  assert.equal(removed, {
    version: '0.1.0',
    devices: 5,
    neededBy: ['5 devices run it (a, b, c, ...)', 'deltas start from its tag promoted'],
  });
  const listed = comparePlans(
    view({}),
    view({
      versions: versionsOf('0.2.0', '0.3.0'),
      deltas: [{ to: '0.3.0', from: { kind: 'list', versions: ['0.1.0'] }, engine: 'rdiff', maxShare: 0.7 }],
    }),
    uses,
  );
  assert.match(listed.removed[0]?.neededBy?.join() ?? '', 'the delta 0.1.0 -> 0.3.0 is still required');
});

test('a removed version of which nobody could ask whether devices need it is neither needed nor free', () => {
  const after = view({ versions: versionsOf('0.2.0', '0.3.0'), deltas: [] });
  const [removed] = comparePlans(view({ deltas: [] }), after, 'unknown').removed;
  assert.is(removed?.neededBy, null);
  assert.is(removed?.devices, null);
});

test('a removed version that nobody needs says so only when a fleet was asked', () => {
  const [before, after] = [view({ deltas: [] }), view({ versions: versionsOf('0.2.0', '0.3.0'), deltas: [] })];
  assert.equal(comparePlans(before, after, new Map()).removed, [{ version: '0.1.0', neededBy: [], devices: 0 }]);
  assert.equal(comparePlans(before, after, 'none').removed, [{ version: '0.1.0', neededBy: [] }]);
});

test("deltas that no rule requires any more, tags that move, a version's own kas files", () => {
  const after = view({
    deltas: [],
    versions: [
      { version: '0.1.0', tags: [], kas: [] },
      { version: '0.2.0', tags: ['promoted', 'beta'], kas: ['/project/pins.yml'] },
      { version: '0.3.0', tags: [], kas: [] },
    ],
  });
  const comparison = comparePlans(view({}), after, 'none');
  assert.equal(comparison.dropped, [
    { from: '0.1.0', to: '0.3.0' },
    { from: '0.2.0', to: '0.3.0' },
  ]);
  assert.equal(comparison.retagged, [
    { version: '0.1.0', gained: [], lost: ['promoted'] },
    { version: '0.2.0', gained: ['beta'], lost: [] },
  ]);
  assert.equal(comparison.settings, [{ key: 'versions.0.2.0.kas', after: '["pins.yml"]' }]);
});

test('partitions are compared by name, not by place', () => {
  const [rootfs] = demoPlan().partitions;
  if (rootfs === undefined) throw new Error('the demo has a partition');
  const boot = { ...rootfs, name: 'boot', file: 'boot.vfat' };
  assert.ok(isEmpty(comparePlans(view({ partitions: [rootfs, boot] }), view({ partitions: [boot, rootfs] }), 'none')));
  const grown = comparePlans(
    view({ partitions: [rootfs] }),
    view({ partitions: [{ ...rootfs, slotSizeBytes: 2048 }] }),
    'none',
  );
  assert.equal(grown.settings, [{ key: 'partitions.rootfs.slot_size_bytes', before: '1024', after: '2048' }]);
});

test.run();
