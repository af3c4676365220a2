import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rdiffEngine } from '../../src/delivery/engines/rdiff.ts';
import type { ReleasePlanError } from '../../src/core/errors.ts';
import { templatePath } from '../../src/io/template.ts';
import { describeUpdate, type UpdateDescription, type UpdatePartition } from '../../src/swu/description.ts';
import { parseLibconfig, type ConfigValue } from '../../src/swu/libconfig.ts';

import { SWU } from '../support/swupdate.ts';

const test = suite('swu/description');

const digest = (digit: string, sizeBytes: number) => ({ sha256: digit.repeat(64), sizeBytes });
const rootfs: UpdatePartition = {
  name: 'rootfs',
  type: 'block',
  delta: rdiffEngine.format,
  payloadName: 'rootfs.delta.gz',
  payload: digest('1', 5_000_000_000),
  compression: 'gzip',
  decompressedSizeBytes: 6_000_000_000,
  image: digest('2', 1000),
  base: digest('3', 900),
  target: { slots: { a: '/dev/a', b: '/dev/b' } },
};
const boot: UpdatePartition = {
  name: 'boot',
  type: 'block',
  delta: undefined,
  payloadName: 'boot.img',
  payload: digest('4', 70),
  compression: 'none',
  decompressedSizeBytes: 70,
  image: digest('4', 70),
  target: { device: '/dev/c' },
};
const update: UpdateDescription = {
  product: 'tolomeo',
  machine: 'tolomeo-qemux86-64',
  from: '0.1.0',
  to: '0.2.0',
  swu: {
    ...SWU,
    hardware: ['1.0', String.raw`#RE:^1\.[0-9]+$`],
    bootenv: { slot: '{slot}', title: 'a "b"\\' },
  },
  partitions: [rootfs, boot],
  template: readFileSync(templatePath('sw-description.hbs'), 'utf8'),
  guardScript: { name: 'check-base.sh', ...digest('5', 10) },
};

/** The value at a path of the parsed description. */
function at(described: UpdateDescription, ...path: Array<string | number>): ConfigValue {
  let value: ConfigValue = parseLibconfig(describeUpdate(described).text);
  for (const step of path) value = (value as Record<string, ConfigValue>)[step] as ConfigValue;
  return value;
}

const refused = (over: Partial<UpdateDescription>): ReleasePlanError => {
  try {
    describeUpdate({ ...update, ...over });
  } catch (error) {
    return error as ReleasePlanError;
  }
  return assert.unreachable() as never;
};

test('both selections write their slot from the other one, with one payload', () => {
  for (const [mode, device, base, slot] of [
    ['main', '/dev/a', '/dev/b', 'a'],
    ['alt', '/dev/b', '/dev/a', 'b'],
  ] as const) {
    const selection = ['software', 'tolomeo-qemux86-64', 'stable', mode] as const;
    assert.equal(at(update, ...selection, 'images', 0), {
      name: 'rootfs',
      version: '0.2.0',
      filename: 'rootfs.delta.gz',
      type: 'rdiff_image',
      device,
      compressed: 'zlib',
      sha256: '1'.repeat(64),
      size: 5_000_000_000,
      properties: { 'rdiffbase': base, 'decompressed-size': '6000000000' },
    });
    assert.equal(at(update, ...selection, 'images', 1), {
      name: 'boot',
      version: '0.2.0',
      filename: 'boot.img',
      type: 'raw',
      device: '/dev/c',
      sha256: '4'.repeat(64),
      size: 70,
      properties: { 'decompressed-size': '70' },
    });
    assert.equal(at(update, ...selection, 'scripts'), [
      {
        filename: 'check-base.sh',
        type: 'shellscript',
        data: `${base} 900 ${'3'.repeat(64)} ${device} 1000`,
        sha256: '5'.repeat(64),
      },
      { filename: 'check-base.sh', type: 'shellscript', data: '- - - /dev/c 70', sha256: '5'.repeat(64) },
      { type: 'readback', device, properties: { sha256: '2'.repeat(64), size: '1000' } },
      { type: 'readback', device: '/dev/c', properties: { sha256: '4'.repeat(64), size: '70' } },
    ]);
    assert.equal(at(update, ...selection, 'bootenv'), [
      { name: 'slot', value: slot },
      { name: 'title', value: 'a "b"\\' },
    ]);
  }
  assert.is(at(update, 'software', 'version'), '0.2.0');
  assert.equal(at(update, 'software', 'tolomeo-qemux86-64', 'hardware-compatibility'), update.swu.hardware);
});

test('what the guard is given fits the 255 bytes that SWUpdate keeps of it', () => {
  const long = (letter: string): string => `/${letter.repeat(79)}`;
  const rest = {
    ...rootfs,
    base: digest('3', 2 ** 40),
    image: digest('2', 2 ** 40),
    target: { slots: { a: long('a'), b: long('b') } },
  };
  const [guard] = at(
    { ...update, partitions: [rest] },
    'software',
    'tolomeo-qemux86-64',
    'stable',
    'main',
    'scripts',
  ) as Array<{ data: string }>;
  assert.ok((guard?.data.length ?? 999) <= 255, String(guard?.data.length));
});

test('without slots everything stands under the board, without a selection', () => {
  const plain = {
    ...update,
    swu: { ...update.swu, bootenv: {} },
    partitions: [{ ...rootfs, target: { device: '/dev/a', base: '/dev/b' } }],
  };
  assert.equal(Object.keys(at(plain, 'software', 'tolomeo-qemux86-64')), [
    'hardware-compatibility',
    'images',
    'scripts',
  ]);
});

test('the Lua guard is embedded, and called for whatever can be looked at', () => {
  const { guardScript: _none, ...rest } = update;
  const lua = {
    ...rest,
    swu: { ...update.swu, guard: 'lua' as const },
    guardLua: 'function check_base(image) return true, "x" end\n',
  };
  const main = ['software', 'tolomeo-qemux86-64', 'stable', 'main'] as const;
  assert.is(at(lua, 'software', 'embedded-script'), lua.guardLua);
  assert.is(at(lua, ...main, 'images', 0, 'hook'), 'check_base');
  assert.equal(at(lua, ...main, 'images', 0, 'properties'), {
    'rdiffbase': '/dev/b',
    'decompressed-size': '6000000000',
    'base-size': '900',
    'base-sha256': '3'.repeat(64),
    'image-size': '1000',
  });
  assert.is(at(lua, ...main, 'images', 1, 'hook'), 'check_base');
  assert.equal(at(lua, ...main, 'images', 1, 'properties'), { 'decompressed-size': '70', 'image-size': '70' });
  const flash: UpdatePartition = { ...boot, type: 'flash', target: { device: '/dev/mtd3' } };
  assert.is(
    at({ ...lua, partitions: [flash], swu: { ...lua.swu, bootenv: {} } }, 'software', 'embedded-script'),
    undefined,
    'a client without Lua must not be asked for it in vain',
  );
});

test('an image of 4 GiB is not read back, and the report is told', () => {
  const huge = { ...update, partitions: [{ ...rootfs, image: digest('2', 2 ** 32) }, boot] };
  assert.equal((at(huge, 'software', 'tolomeo-qemux86-64', 'stable', 'main', 'scripts') as ConfigValue[]).length, 3);
  assert.match(describeUpdate(huge).notes.join(), /^rootfs: not read back on the device: its 4294967296 bytes/);
  assert.equal(describeUpdate({ ...update, partitions: [{ ...rootfs, image: digest('2', 2 ** 32 - 1) }] }).notes, []);
});

test('no value ends its string early', () => {
  const evil = '"; }; }; software = { version = "9';
  assert.is(
    at({ ...update, product: evil }, 'software', 'description'),
    `${evil} 0.1.0 -> 0.2.0 for tolomeo-qemux86-64`,
  );
  assert.is(at({ ...update, to: evil }, 'software', 'version'), evil);
});

test('machines, variables and templates that cannot be written are refused with their names', () => {
  const dotted = { swu: { ...update.swu, boards: ['board.1'] } };
  assert.is(refused(dotted).code, 'swu-board');
  assert.match(refused(dotted).message, '"board.1"');
  for (const bootenv of [{ 'a=b': 'c' }, { '': 'c' }, { 'a b': 'c' }, { a: 'b\nrecovery_status=x' }] as Array<
    Record<string, string>
  >) {
    assert.is(refused({ swu: { ...update.swu, bootenv } }).code, 'swu-bootenv', JSON.stringify(bootenv));
  }
  assert.match(refused({ partitions: [boot] }).message, 'contains {slot}, but no partition has slots');
  assert.match(refused({ template: 'software = {{prodct}};' }).message, /cannot render.*prodct/);
  for (const helper of ['str', 'int64', 'setting'])
    assert.match(refused({ template: `software = {{${helper} prodct}};` }).message, 'passes an undefined name');
  assert.is(refused({ template: '{{#each' }).code, 'swu-template');
});

test("a user's own template gets the same names", () => {
  const template =
    '{"software": {"version": {{json to}}, "from": {{json from}}, "images": [{{#each ' +
    'selections.[1].images}}{"filename": {{json filename}} }{{#unless @last}},{{/unless}}{{/each}}]} }';
  assert.equal(JSON.parse(describeUpdate({ ...update, template }).text), {
    software: { version: '0.2.0', from: '0.1.0', images: [{ filename: 'rootfs.delta.gz' }, { filename: 'boot.img' }] },
  });
});

test.run();
