import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import { linesOf } from '../../../src/fleet/devices/lines.ts';
import { readFleet } from '../../../src/fleet/devices/read.ts';
import { sniff } from '../../../src/fleet/devices/sniff.ts';
import type { Fleet } from '../../../src/fleet/devices/tally.ts';
import { run } from '../../../src/io/process.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('fleet/devices/read');
const dir = scratch('fleet');
let files = 0;

const HASH = 'a'.repeat(64);

/** Reads a text as a fleet file. */
async function read(text: string): Promise<Fleet> {
  files += 1;
  const file = join(dir, `fleet-${files}`);
  writeFileSync(file, text);
  return await readFleet({ file }, { cwd: dir });
}

const failure = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return error instanceof ReleasePlanError ? `${error.code}: ${error.message}` : String(error);
  }
};

const row = (n: number, more: object = {}): object => ({
  'uuid': `u${n}`,
  'name': `dev-${n}`,
  'tag': 'promoted',
  'target-name': 'pi-lmp-7',
  'ostree-hash': HASH,
  'is-prod': true,
  'last-seen': 'x',
  ...more,
});

const expected = [
  { tag: 'promoted', targetName: 'pi-lmp-7', commit: HASH, devices: 2, examples: ['dev-1', 'dev-2'], isOrphan: false },
];

test('the same devices in every form are the same fleet', async () => {
  const rows = [row(1), row(2)];
  const csv = `name,tag,target-name,ostree-hash,is-prod\ndev-1,promoted,pi-lmp-7,${HASH},true\n"dev-2",promoted,pi-lmp-7,${HASH},true\r\n`;
  const lines = rows.map((one) => JSON.stringify(one)).join('\n');
  for (const text of [
    JSON.stringify({ devices: rows, total: 2, next: null }),
    JSON.stringify({ devices: rows }, null, 2),
    JSON.stringify(rows),
    `\uFEFF${JSON.stringify(rows)}`,
    `${JSON.stringify({ devices: [rows[0]], total: 2 })}\n${JSON.stringify({ devices: [rows[1]], total: 2 })}\n`,
    lines,
    `${lines}\n\n`,
    csv,
    `\uFEFF${csv}`,
  ]) {
    const fleet = await read(text);
    assert.equal(fleet.groups, expected, text.slice(0, 60));
    assert.equal([fleet.devices, fleet.bad.count, fleet.tags], [2, 0, ['promoted']]);
  }
});

test("a command's output is a fleet, when the command succeeds", async () => {
  const fleet = await readFleet({ command: `printf '%s' '${JSON.stringify([row(1), row(2)])}'` }, { cwd: dir });
  assert.equal(fleet.groups, expected);
  const broken = failure(
    readFleet({ command: `printf '%s' '${JSON.stringify([row(1)])}'; echo no route >&2; exit 7` }, { cwd: dir }),
  );
  assert.match(await broken, /^fleet-command-failed: .*exit code 7.*no route/);
});

test('a command ends with its children when the run is interrupted', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 200);
  assert.match(
    await failure(readFleet({ command: 'printf "["; sleep 600' }, { cwd: dir, signal: stop.signal })),
    /^(interrupted|fleet)/,
  );
});

test('bad rows are counted with their lines, and the good ones count', async () => {
  const ndjson = [
    JSON.stringify(row(1)),
    '{"uuid":',
    '5',
    JSON.stringify(row(2)),
    JSON.stringify(row(3, { 'ostree-hash': 'xyz' })),
    '{"tag":"x"}',
  ].join('\n');
  const fleet = await read(ndjson);
  assert.equal([fleet.devices, fleet.bad.count], [2, 4]);
  assert.equal(
    fleet.bad.diagnostics.map((one) => one.where?.line),
    [2, 3, 5, 6],
  );
  for (const one of fleet.bad.diagnostics) assert.is(one.code, 'fleet-bad-row');

  const json = await read(
    `{"devices": [\n${JSON.stringify(row(1))},\n7,\n\n${JSON.stringify(row(2, { tag: 5 }), null, 1)},\n ` +
      '{"uuid":"u","tag":[]}\n]}',
  );
  assert.equal([json.devices, json.bad.count], [1, 3]);
  assert.equal(
    json.bad.diagnostics.map((one) => one.where?.line),
    [3, 5, 14],
  );

  const csv = await read('name,tag,target-name\ndev-1,a,t-1\ndev-2,a\ndev-3,a,t-1\n,,\n');
  assert.equal([csv.devices, csv.bad.count], [2, 2]);
  assert.equal(
    csv.bad.diagnostics.map((one) => one.where?.line),
    [3, 5],
  );
});

test('a name that would move the cursor is a bad row', async () => {
  const fleet = await read(JSON.stringify([row(1), row(2, { name: 'a\u001b[2J' })]));
  assert.equal([fleet.devices, fleet.bad.count], [1, 1]);
});

test('only the first bad rows are kept, all are counted', async () => {
  const fleet = await read(
    Array.from({ length: 1000 }, () => '[]')
      .join('\n')
      .replace('[]', JSON.stringify(row(1))),
  );
  assert.equal([fleet.devices, fleet.bad.count, fleet.bad.diagnostics.length], [1, 999, 20]);
});

test('one page of several is refused', async () => {
  assert.match(
    await failure(read(JSON.stringify({ devices: [row(1)], total: 5000, next: '/ota/devices/?page=2' }))),
    /^fleet-incomplete: .* contains only 1 of 5000 devices/,
  );
});

test('what is no fleet, or cut off, is told by file and line', async () => {
  for (const [text, message] of [
    ['', /fleet-unreadable: .* is empty/],
    ['{"hello": 1\n}', /fleet-unreadable: .* has neither devices nor tags/],
    ['{"devices": [\n{"uuid":"a"},\n', /fleet-unreadable: .* is not complete JSON/],
    ['[{"uuid":"a",}]', /fleet-unreadable: .* is not complete JSON/],
    ['uuid;tag;target-name\n', /fleet-unreadable: .* has no column uuid or name/],
    ['uuid,tags,target-name\n', /fleet-unreadable: .* has no column tag/],
  ] as const)
    assert.match(await failure(read(text)), message);
  assert.match(await failure(readFleet({ file: join(dir, 'nowhere.json') }, { cwd: dir })), /^fleet-not-found/);
});

test('a file that is refused by its first bytes is closed', async () => {
  const file = join(scratch('closed'), 'fleet.json');
  // Longer than what is read at once.
  writeFileSync(file, `[{"uuid": }]${' '.repeat(5_000_000)}`);
  assert.match(await failure(readFleet({ file }, { cwd: dir })), 'fleet-unreadable');
  const opened = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false;
    }
  });
  assert.equal(opened, []);
});

test("fioctl's factory status: versions by tag, orphans marked, wave tags passed over", async () => {
  const fleet = await read(
    JSON.stringify({
      'total-devices': 3,
      'tags': [
        {
          'name': 'promoted',
          'devices-total': 3,
          'devices-online': 2,
          'devices-on-latest': 0,
          'devices-on-orphan': 1,
          'latest-target': 7,
          'targets': [{ 'version': 7, 'devices': 2, 'is-orphan': false }],
          'device-groups': [],
        },
      ],
      'prod-tags': [{ name: 'stable', targets: [{ 'version': 5, 'devices': 4, 'is-orphan': true }] }],
      'wave-tags': [{ name: 'wave', targets: [{ 'version': 1, 'devices': 9, 'is-orphan': false }] }],
    }),
  );
  assert.equal(fleet.groups, [
    { tag: 'promoted', version: '7', devices: 2, examples: [], isOrphan: false },
    { tag: 'promoted', devices: 1, examples: [], isOrphan: false },
    { tag: 'stable', version: '5', devices: 4, examples: [], isOrphan: true },
  ]);
  assert.equal(fleet.tags, ['promoted', 'stable']);
});

test('a device that does not report what it runs counts; names of keys are no traps', async () => {
  const fleet = await read(
    '[{"uuid":"u1","__proto__":{"tag":"x"},"constructor":1,"tag":null,"ostree-hash":""},{"uuid":"u2","version":9,"hardware-ids":["pi"]}]',
  );
  assert.equal(fleet.groups, [
    { tag: '', devices: 1, examples: ['u1'], isOrphan: false },
    { tag: '', version: '9', hardwareId: 'pi', devices: 1, examples: ['u2'], isOrphan: false },
  ]);
  assert.equal(fleet.tags, []);
});

test('the form is seen from the first line, whatever its length', () => {
  for (const [head, form] of [
    ['', 'empty'],
    [' \n\t', 'empty'],
    ['[', 'json-array'],
    ['{"devices":[', 'json-document'],
    ['{', 'json-document'],
    ['{"tags":[]}', 'json-document'],
    ['{"uuid":"a"}', 'ndjson'],
    ['{"uuid":"a"}\n{"uuid":"b"', 'ndjson'],
    ['uuid,tag', 'csv'],
  ] as const)
    assert.is(sniff(head), form, head);
});

test('lines come out whole however the chunks are cut, and U+2028 ends none', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', '\u2028', '"', ' ', 'é') }), { minLength: 1 }),
      fc.array(fc.nat(7), { minLength: 1 }),
      async (lines, cuts) => {
        const text = lines.join('\n');
        async function* chunks(): AsyncGenerator<string> {
          for (let at = 0, n = 0; at < text.length; n += 1) {
            const end = at + (cuts[n % cuts.length] ?? 0) + 1;
            yield text.slice(at, end);
            at = end;
          }
        }
        const found: string[] = [];
        for await (const { text, line } of linesOf(chunks())) {
          found.push(text);
          assert.is(line, found.length);
        }
        // A last line that is empty is none.
        assert.equal(found, lines.at(-1) === '' ? lines.slice(0, -1) : lines);
      },
    ),
  );
});

test('a line without an end does not fill the memory', async () => {
  assert.match(
    await failure(read(`{"uuid":"a"}\n{"uuid":"${'x'.repeat(5 * 1024 * 1024)}`)),
    /fleet-unreadable: .* longer than/,
  );
});

test('a text, a row or a nesting without measure ends the reading, and is told by its kind', async () => {
  for (const [text, problem] of [
    [`[{"name":"${'x'.repeat(40_000_000)}"}]`, /has a text of more than 16777216 bytes/],
    [`{"devices":[{"name":"${'x'.repeat(40_000_000)}`, /has a text of more than 16777216 bytes/],
    [`[{"name":"a","more":[${'1,'.repeat(600_000)}1]}]`, /has a row of more than 1000000 values/],
    [`{"other":${'['.repeat(100_000)}`, /has more than 100 levels/],
  ] as const)
    assert.match(await failure(read(text)), problem);
});

test('a hundred thousand devices in one JSON document fit into 80 MiB of heap', async () => {
  // Kept whole they would take about 110.
  const rows = `const row = ${JSON.stringify(JSON.stringify(row(1, { 'hardware-info': { id: 'pi', cores: 4 }, 'docker-apps': ['a', 'b'], 'network-info': { hostname: 'h', mac: 'aa:bb', local_ipv4: '10.0.0.3' } })))}; for (let i = 0; i < 100000; i += 1) process.stdout.write((i ? ',' : '{"devices":[') + row.replace('u1', 'u' + i)); process.stdout.write(']}');`;
  const script = join(dir, 'many.cjs');
  writeFileSync(script, rows);
  const child = fileURLToPath(new URL('../../support/read-fleet-child.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [
    '--max-old-space-size=80',
    '--import',
    'tsx',
    child,
    `'${process.execPath}' '${script}'`,
  ]);
  assert.is(stdout, '100000');
});

test.run();
