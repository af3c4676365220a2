import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceGroup } from '../../../src/fleet/devices/tally.ts';
import type { ReleasePackage } from '../../../src/publish/package.ts';
import { planDocument } from '../../../src/commands/rollout.ts';
import { documentProblems } from '../../support/documents.ts';
import { planRollout, type RolloutQuestion } from '../../../src/publish/rollout/plan.ts';

const test = suite('plan a rollout');

const group = (more: Partial<DeviceGroup> = {}): DeviceGroup => ({
  tag: 'promoted',
  devices: 1,
  examples: ['dev'],
  isOrphan: false,
  hardwareId: 'board-a',
  ...more,
});

const offer = (base: string | undefined, sizeBytes: number, version = '0.3.0'): ReleasePackage => ({
  product: 'tolomeo',
  machine: 'board-a',
  image: 'image-prod',
  version,
  ...(base === undefined ? {} : { base: { version: base, images: { rootfs: 'a'.repeat(64) } } }),
  hardware: ['1.0'],
  path: '/archive/x.swu',
  fileName: 'x.swu',
  sizeBytes,
  sha256: 'b'.repeat(64),
});

const question = (more: Partial<RolloutQuestion> = {}): RolloutQuestion => ({
  version: '0.3.0',
  tag: 'promoted',
  hardware: 'board-a',
  saysHardware: true,
  groups: [],
  packages: [offer(undefined, 1000), offer('0.1.0', 100), offer('0.2.0', 50)],
  ...more,
});

test('each base has its delta, the rest the full package, the newest base first', () => {
  const plan = planRollout(
    question({
      groups: [
        group({ version: '0.1.0', devices: 3 }),
        group({ version: '0.2.0', devices: 1 }),
        group({ devices: 1 }),
        group({ version: '0.0.9', devices: 2 }),
      ],
    }),
  );
  assert.equal(
    plan.parts.map(({ base, devices, versions, versionless, wireBytes }) => [
      base,
      devices,
      versions,
      versionless,
      wireBytes,
    ]),
    [
      ['0.2.0', 1, ['0.2.0'], 0, 50],
      ['0.1.0', 3, ['0.1.0'], 0, 300],
      [undefined, 3, ['0.0.9'], 1, 3000],
    ],
  );
  assert.is(plan.wireBytes, 3350);
  assert.is(plan.fullWireBytes, 7000);
});

test('devices that are there, newer, of other hardware or on another tag get nothing', () => {
  const plan = planRollout(
    question({
      groups: [
        group({ version: '0.3.0', devices: 5 }),
        group({ version: '0.4.0', devices: 4 }),
        group({ version: '0.1.0', hardwareId: 'board-b', devices: 3 }),
        group({ version: '0.1.0', tag: 'testing', devices: 2 }),
      ],
    }),
  );
  assert.equal([plan.there, plan.newer, plan.otherHardware, plan.parts.length], [5, 4, 3, 0]);
});

test('a delta as large as the full package is not offered', () => {
  const packages = [offer(undefined, 100), offer('0.1.0', 100)];
  const plan = planRollout(question({ packages, groups: [group({ version: '0.1.0' })] }));
  assert.is(plan.parts[0]?.base, undefined);
});

test('devices that refused their delta get the full package, and are left out of the delta', () => {
  const refused = new Map([['0.1.0', ['dev-3']]]);
  const groups = [group({ version: '0.1.0', devices: 3 })];
  const plan = planRollout(question({ groups, refused }));
  assert.equal(
    plan.parts.map((part) => [part.base, part.devices, part.except, part.refused]),
    [
      ['0.1.0', 2, ['dev-3'], []],
      [undefined, 1, [], ['dev-3']],
    ],
  );
  const alone = planRollout(question({ groups: [group({ version: '0.1.0' })], refused }));
  assert.equal(
    alone.parts.map(({ base, devices }) => [base, devices]),
    [[undefined, 1]],
  );
  // Another rollout with the full package may be under way: theirs is one of its own.
  const both = planRollout(question({ groups: [...groups, group({ devices: 4 })], refused }));
  assert.equal(
    both.parts.map((part) => [part.base, part.devices, part.refused]),
    [
      ['0.1.0', 2, []],
      [undefined, 4, []],
      [undefined, 1, ['dev-3']],
    ],
  );
  assert.is(planRollout(question({ groups, refused, packages: [offer('0.1.0', 100)] })).stranded, 1);
});

test('a version that is none gets the full package, and without one is stranded', () => {
  const groups = [group({ version: 'dirty!', devices: 2 }), group({ version: '0.1.0' })];
  assert.equal(planRollout(question({ groups })).parts.at(-1)?.versions, ['dirty!']);
  const plan = planRollout(question({ groups, packages: [offer('0.1.0', 100)] }));
  assert.equal([plan.stranded, plan.parts.length, plan.fullWireBytes], [2, 1, undefined]);
});

test('every device of the tag is counted once', () => {
  const version = fc.option(fc.constantFrom('0.0.1', '0.1.0', '0.2.0', '0.3.0', '0.4.0', 'odd'), { nil: undefined });
  const some = fc.record({
    version,
    tag: fc.constantFrom('promoted', 'testing'),
    hardwareId: fc.option(fc.constantFrom('board-a', 'board-b'), { nil: undefined }),
    devices: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(
      fc.array(some),
      fc.subarray([undefined, '0.1.0', '0.2.0']),
      fc.boolean(),
      (rows, bases, saysHardware) => {
        const groups = rows.map((row) => group(row as Partial<DeviceGroup>));
        const packages = bases.map((base, index) => offer(base, 100 + index));
        const plan = planRollout(question({ groups, packages, saysHardware }));
        const counted = plan.there + plan.newer + plan.otherHardware + plan.stranded;
        const inParts = plan.parts.reduce((sum, part) => sum + part.devices, 0);
        const all = groups.filter(({ tag }) => tag === 'promoted').reduce((sum, one) => sum + one.devices, 0);
        assert.is(counted + inParts, all);
        for (const part of plan.parts) assert.is(part.wireBytes, part.devices * part.package.sizeBytes);
      },
    ),
  );
});

test('a plan for programs fits its schema', () => {
  const groups = [group({ version: '0.1.0' }), group({ version: '0.0.1' }), group({ version: '0.3.0' })];
  for (const packages of [[offer(undefined, 1000), offer('0.1.0', 100)], [offer('0.1.0', 100)]]) {
    const plan = planRollout(question({ groups, packages }));
    const document = { schema: 1, ...planDocument({ plan, destination: 'field', blockers: [], unproven: [] }) };
    assert.equal(documentProblems('rollout', JSON.parse(JSON.stringify(document))), []);
  }
});

test.run();
