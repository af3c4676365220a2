import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rdiffEngine } from '../../src/delivery/engines/rdiff.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { targetsOf } from '../../src/swu/devices.ts';

const test = suite('swu/targets');
const slots = { a: '/dev/mmcblk0p2', b: '/dev/mmcblk0p3' };

test('a slot is written from the base in the other one', () => {
  const rootfs = { name: 'rootfs', type: 'block', delta: rdiffEngine.format, target: { slots } } as const;
  assert.equal(targetsOf(rootfs, 'a'), { device: slots.a, base: slots.b });
  assert.equal(targetsOf(rootfs, 'b'), { device: slots.b, base: slots.a });
});

test('a whole image needs no base, and one device serves both slots', () => {
  const boot = { name: 'boot', type: 'block', delta: undefined, target: { device: '/dev/mmcblk0p1' } } as const;
  for (const slot of ['a', 'b', undefined] as const) assert.equal(targetsOf(boot, slot), { device: '/dev/mmcblk0p1' });
  assert.equal(targetsOf({ ...boot, target: { slots } }, 'b'), { device: slots.b });
});

test('devices with names by label, by path or of plain files', () => {
  for (const device of [
    '/dev/disk/by-partlabel/rootfs_a',
    '/dev/disk/by-path/pci-0000:00:1f.2-ata-1',
    '/dev/ubi0_1',
    '/srv/x@y+z=1',
  ]) {
    assert.is(targetsOf({ name: 'x', type: 'block', delta: undefined, target: { device } }, undefined).device, device);
  }
});

test('what SWUpdate would cut, split or overwrite is refused', () => {
  const cases: Array<[Parameters<typeof targetsOf>[0]['target'], RegExp]> = [
    [{ device: '/dev/a' }, /requires slots, or a base/],
    [{ device: '/dev/a', base: '/dev/a' }, /over its own base/],
    [{ slots: { a: '/dev/a', b: '/dev/a' } }, /over its own base/],
    [{ device: 'dev/a', base: '/dev/b' }, /"dev\/a" is not a device path/],
    [{ device: '/dev/a', base: '/dev/b;reboot' }, /is not a device path/],
    [{ device: '/dev/a', base: '/dev/$(x)' }, /is not a device path/],
    [{ device: '/dev/a b', base: '/dev/b' }, /is not a device path/],
    [{ device: '/dev/a', base: "/dev/b'" }, /is not a device path/],
    [{ device: `/dev/${'x'.repeat(200)}`, base: '/dev/b' }, /at most|is not a device path/],
  ];
  for (const [target, expected] of cases) {
    try {
      targetsOf({ name: 'rootfs', type: 'block', delta: rdiffEngine.format, target }, 'a');
      assert.unreachable(JSON.stringify(target));
    } catch (error) {
      assert.is((error as ReleasePlanError).code, 'swu-device');
      assert.match((error as ReleasePlanError).message, expected);
    }
  }
});

test.run();
