/** Input that means harm, or is no plan at all: a diagnostic with its place, never an exception. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { LARGEST_PLAN_BYTES } from '../../src/plan/decode.ts';
import { checkPlan, loadPlan, type LoadedPlan } from '../../src/plan/load.ts';
import { formatDiagnostics } from '../../src/commands/terminal/diagnostics.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('plan: hostile input');
const good = fileURLToPath(new URL('good/', import.meta.url));
const design = readFileSync(join(good, 'design.yml'), 'utf8');

const check = (content: Buffer | string): Promise<LoadedPlan> =>
  checkPlan(Buffer.from(content as string), join(good, 'plan.yml'), { cwd: good });
const firstOf = (found: readonly Diagnostic[]): string =>
  `${found[0]?.code} ${found[0]?.where?.line}:${found[0]?.where?.column}`;

const BYTES: Record<string, [content: Buffer | string, first: string]> = {
  'nothing': ['', 'plan-empty 1:1'],
  'a byte order mark alone': ['\ufeff', 'plan-empty 1:1'],
  'white space': [' \n\n', 'plan-empty 1:1'],
  'UTF-16': [Buffer.from('\ufeffschema: 1\n', 'utf16le'), 'plan-encoding 1:1'],
  'Latin-1 in the second line': [Buffer.from('schema: 1\nproduct: caf\u00e9\n', 'latin1'), 'plan-encoding 2:13'],
  'a broken character at the end': [
    Buffer.concat([Buffer.from('schema: 1\n'), Buffer.from([0xe2, 0x82])]),
    'plan-encoding 2:1',
  ],
  'NUL': ['schema: 1\nproduct: a\0b\n', 'plan-encoding 2:11'],
  'an escape sequence': ['schema: 1\nproduct: \u001b[31mred\n', 'plan-encoding 2:10'],
  'a lone carriage return': ['schema: 1\rproduct: demo\n', 'plan-encoding 1:10'],
  'a C1 control character': ['product: a\u009bb\n', 'plan-encoding 1:11'],
  'a program': [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0x00]), 'plan-encoding 1:5'],
};

for (const [name, [content, first]] of Object.entries(BYTES)) {
  test(name, async () => assert.is(firstOf((await check(content)).diagnostics), first));
}

const fill = (piece: string): string => piece.repeat(Math.floor((LARGEST_PLAN_BYTES - 200) / piece.length));
const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** As large as a plan may be: each once took the parser many seconds, all memory, or the process. */
const LARGE: Record<string, [text: string, code: string]> = {
  'brackets': [fill('['), 'yaml-limit'],
  'braces': [fill('{a: '), 'yaml-limit'],
  'brackets over lines': [fill('[\n'), 'yaml-limit'],
  'sequences in sequences': [fill('- '), 'yaml-limit'],
  'complex keys': [fill('? '), 'yaml-limit'],
  'a staircase': [many(700, (index) => `${' '.repeat(index)}a:`), 'yaml-limit'],
  'anchors on one value': [fill('&a '), 'yaml-syntax'],
  'aliases of nothing': [`x-b:\n${fill('  - *a\n')}`, 'yaml-alias'],
  'aliases of one value': [`x-a: &a x\nx-b:\n${fill('  - *a\n')}`.slice(0, LARGEST_PLAN_BYTES), 'yaml-limit'],
  'aliases of many values': [
    `x-a:\n${many(6000, (index) => `- &a${index} x`)}\nx-b:\n${many(6000, (index) => `- *a${index}`)}`,
    'key-missing',
  ],
  'a chain of merges': [
    `x-0: &a0 {k: 1}\n${many(3000, (index) => `x-${index + 1}: &a${index + 1}\n  <<: *a${index}\n  k${index}: 1`)}`,
    'yaml-limit',
  ],
  'tags': [`x-a:\n${fill('  - !a x\n')}`, 'key-missing'],
  'keys': [many(20_000, (index) => `k${index}: 1`), 'key-missing'],
  'the same key': [fill('a: 1\n'), 'key-missing'],
  'commas': [`a: [${fill(',')}`, 'yaml-syntax'],
  'a long text': [`product: ${fill('a')}`, 'key-missing'],
  'an unclosed text': [`product: "${fill('a\n')}`, 'yaml-syntax'],
  'unquoted versions': [`versions:\n${many(9000, (index) => `  - version: ${index}.0`)}`, 'key-missing'],
  'the same version': [`versions:\n${many(8000, () => '  - version: "1.0.0"')}`, 'key-missing'],
  'unknown versions': [
    `versions:\n${many(3000, (index) => `  - version: "1.0.${index}"`)}\ndeltas:\n  - to: "1.0.1"\n    ` +
      `from:\n${many(6000, (index) => `    - "2.0.${index}"`)}`,
    'key-missing',
  ],
  'the same deltas': [
    `versions:\n${many(1000, (index) => `  - version: "1.0.${index}"`)}\ndeltas:\n${many(
      1000,
      () => '  - { to: "1.0.999", from: { previous: 1000 } }',
    )}`,
    'key-missing',
  ],
  'a range of many parts': [
    'versions: [{version: "1.0.0"},{version: "2.0.0"}]\ndeltas: [{to: "2.0.0", from: {range: ' +
      `"${'1 || '.repeat(800)}1"}}]`,
    'key-missing',
  ],
  'documents': [fill('---\n'), 'yaml-documents'],
  'directives': [fill('%a\n'), 'yaml-syntax'],
  'line breaks': [fill('\n'), 'plan-empty'],
};

for (const [name, [text, code]] of Object.entries(LARGE)) {
  test(`${name}, by the hundred thousand`, async () => {
    const { plan, diagnostics } = await check(text);
    assert.is(plan, undefined);
    assert.is(diagnostics[0]?.code, code);
    assert.ok((diagnostics[0]?.where?.line ?? 0) >= 1);
    assert.ok(diagnostics.length <= 1100, `${diagnostics.length} diagnostics`);
  });
}

/**
 * The design's plan with one value that means harm: BitBake code, a path that climbs out, words for a shell, a terminal
 * or SWUpdate's parser.
 */
const VALUES: Array<[written: string, harm: string, code: string]> = [
  ['version: "0.2.0"', "version: \"${@__import__('os').system('id')}\"", 'version-invalid'],
  ['version: "0.2.0"', 'version: "${MACHINE}"', 'version-invalid'],
  ['version: "0.2.0"', 'version: "0.2.0\\"\\nINHERIT += \\"x"', 'version-invalid'],
  ['version: "0.2.0"', 'version: "0.2.0 "', 'version-invalid'],
  ['version: "0.2.0"', 'version: "0.2.0/../../etc"', 'version-invalid'],
  ['version: "0.2.0"', 'version: ".."', 'version-invalid'],
  ['version: "0.2.0"', 'version: "-rf"', 'version-invalid'],
  ['version: "0.2.0"', 'version: "0.2.0\\u202e"', 'version-invalid'],
  ['version: "0.2.0"', 'version: "0.2.0; reboot"', 'version-invalid'],
  ['version: "0.2.0"', `version: "0.2.0+${'a'.repeat(300)}"`, 'version-invalid'],
  ['version: "0.2.0"', 'version: 0x1F', 'version-invalid'],
  ['version: "0.2.0"', 'version: 1e400', 'version-invalid'],
  ['version: "0.2.0"', 'version: !!binary MC4yLjA=', 'value-type'],
  ['machine: tolomeo-qemux86-64', 'machine: ../../etc', 'value-invalid'],
  ['machine: tolomeo-qemux86-64', 'machine: "a\\"; INHERIT += \\"x"', 'value-invalid'],
  ['distro: tolomeo-prod', 'distro: "$(reboot)"', 'value-invalid'],
  ['image: image-prod', 'image: .', 'value-invalid'],
  ['artifacts: artifacts', 'artifacts: ../../../../etc', 'path-outside'],
  ['template: templates/sw-description.hbs', 'template: /etc/passwd', 'path-outside'],
  ['kas/pins/0.2.0.yml', '../../../../../etc/passwd', 'path-outside'],
  ['kas/pins/0.2.0.yml', 'kas/pins/a:b.yml', 'path-colon'],
  ['kas/pins/0.2.0.yml', '--update', 'path-missing'],
  ['collect: ["*.swu"]', 'collect: ["../../**"]', 'path-outside'],
  ['file: boot.vfat', 'file: ../../../etc/shadow', 'value-invalid'],
  ['name: boot', 'name: ../boot', 'value-invalid'],
  ['device: /dev/mmcblk0p1', 'device: "/dev/x\\"; reboot; \\""', 'value-invalid'],
  ['version_file: /etc/buildinfo', 'version_file: etc/../../buildinfo', 'value-invalid'],
  ['slot_size: 512MiB', `slot_size: ${'9'.repeat(400)}MiB`, 'value-invalid'],
  ['slot_size: 512MiB', 'slot_size: -1', 'value-invalid'],
  ['from: { tag: promoted }', `from: { range: "${'>'.repeat(5000)}" }`, 'value-invalid'],
  ['from: { tag: promoted }', 'from: { previous: 1.5 }', 'value-type'],
  ['key: ${SWU_KEY}', 'key: "-----BEGIN PRIVATE KEY----- MIIE"', 'secret-in-plan'],
  ['key: ${SWU_KEY}', 'key: "pkcs11:token=a;pin-value=1234"', 'secret-in-plan'],
];

for (const [written, harm, code] of VALUES) {
  test(`${harm.slice(0, 60)}`, async () => {
    const text = design.replace(written, () => harm);
    assert.is.not(text, design);
    const { plan, diagnostics } = await check(text);
    assert.is(plan, undefined);
    const [first] = diagnostics.filter((one) => one.severity === 'error');
    assert.is(first?.code, code, first?.message);
    assert.is(first?.where?.line, design.slice(0, design.indexOf(written)).split('\n').length, first?.message);
    assert.not.match(first?.message ?? '', /\p{Cc}|\u202e/u);
  });
}

test('a file of 50 MB is not read', async () => {
  const dir = scratch('plan-large');
  writeFileSync(join(dir, 'plan.yml'), 'product: marker');
  truncateSync(join(dir, 'plan.yml'), 50_000_000);
  const { diagnostics } = await loadPlan('plan.yml', { cwd: dir });
  assert.is(firstOf(diagnostics), 'plan-too-large 1:1');
  // Nor for the frame.
  assert.not.match(formatDiagnostics(diagnostics, dir, false), 'marker');
});

test('of more problems than anyone reads the first ones are told', async () => {
  const { diagnostics } = await check(many(2000, (index) => `k${index}: 1`));
  assert.is(diagnostics.filter((one) => one.code === 'plan-many-problems').length, 1);
  assert.match(diagnostics.find((one) => one.code === 'plan-many-problems')?.message ?? '', 'more than 500');
});

test('keys of prototypes are unknown keys, and pollute nothing', async () => {
  for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty']) {
    const { diagnostics } = await check(`${design}\n${key}: { polluted: true }\n`);
    assert.equal(
      diagnostics.map((one) => one.code),
      ['key-unknown'],
      key,
    );
  }
  assert.is(({} as Record<string, unknown>).polluted, undefined);
});

/** Pieces that mean something to YAML, to paths, to BitBake or to a terminal. */
const PIECES = [
  '',
  ' ',
  '\n',
  '\t',
  '\r',
  '\0',
  ':',
  ': ',
  '- ',
  '[',
  ']',
  '{',
  '}',
  '&a ',
  '*a',
  '<<: *a',
  '!x ',
  '!!binary ',
  '"',
  "'",
  '#',
  '|',
  '>',
  '%',
  '@',
  '---\n',
  '...\n',
  '? ',
  '__proto__',
  'null',
  '~',
  '1.10',
  '0x1F',
  '1e400',
  '.nan',
  '-.inf',
  '../',
  '/',
  '${X}',
  '{version}',
  '\u001b[2J',
  '\u202e',
  '\ud83d\ude00',
  '\ufeff',
  'x-',
  'yes',
  '9'.repeat(400),
];

test('mutated plans never throw, and every finding has its place', async () => {
  const edit = fc.record({
    at: fc.nat(design.length),
    remove: fc.oneof(fc.constant(0), fc.nat(40)),
    insert: fc.oneof(
      fc.constantFrom(...PIECES),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.nat(design.length).map((from) => design.slice(from, from + 60)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const text = edits.reduce(
        (plan, { at, remove, insert }) => plan.slice(0, at) + insert + plan.slice(at + remove),
        design,
      );
      const { plan, diagnostics } = await check(text);
      assert.is(
        plan === undefined,
        diagnostics.some((one) => one.severity === 'error'),
      );
      const lines = text.split('\n').length;
      for (const one of diagnostics) {
        assert.ok(
          one.where !== undefined && one.where.line >= 1 && one.where.line <= lines && one.where.column >= 1,
          JSON.stringify(one),
        );
        assert.ok((one.where.endLine ?? 0) >= one.where.line);
        assert.not.match(one.message, /\p{Cc}/u);
      }
    }),
    { numRuns: 400 },
  );
});

test('mutated values never throw', async () => {
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string({ maxLength: 12 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'version',
          'tags',
          'kas',
          'name',
          'file',
          'slots',
          'a',
          'to',
          'from',
          'tag',
          'range',
          'command',
          'x',
          '__proto__',
        ),
        tie('value'),
        { maxKeys: 4 },
      ),
    ),
  })).value;
  const keys = [
    'schema',
    'product',
    'machine',
    'distro',
    'image',
    'kas',
    'artifacts',
    'collect',
    'partitions',
    'swu',
    'versions',
    'fleet',
    'deltas',
    'signing',
    'ostree',
    'targets',
  ];
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...keys), value), async (plan) => {
      const { diagnostics } = await check(JSON.stringify({ schema: 1, ...plan }));
      assert.ok(diagnostics.length > 0);
    }),
    { numRuns: 300 },
  );
});

test.run();
