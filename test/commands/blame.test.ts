import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerDelta } from '../../src/commands/delta/index.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { CAUSES } from '../../src/insight/blame/causes.ts';
import { GROUPINGS } from '../../src/insight/blame/group.ts';
import { createDelta } from '../../src/rdiff/index.ts';
import { KINDS, writeTree } from '../insight/images.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands/delta blame');
const cwd = scratch('blame-command');
const blame = async (...argv: string[]): Promise<CommandRun> =>
  await runCommand(registerDelta, ['delta', 'blame', ...argv], { cwd });

const SCHEMA = fileURLToPath(new URL('../../schemas/delta-blame.schema.json', import.meta.url));
const schema = JSON.parse(readFileSync(SCHEMA, 'utf8')) as { $defs: { cause: { enum: string[] } } };
const fits = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);

const STATUS = 'Package: demo\nStatus: install ok installed\nVersion: 1\n';
const files = {
  'usr/bin/one': noise(20_000, 1),
  'usr/bin/two': noise(20_000, 2),
  'etc/\u001b[31mred': noise(9_000, 3),
  'var/lib/dpkg/status': STATUS,
  'var/lib/dpkg/info/demo.list': '/usr/bin/one\n',
};
writeTree(join(cwd, 'tree'), files);
KINDS['squashfs']?.(join(cwd, 'tree'), join(cwd, 'old'));
writeTree(join(cwd, 'tree'), {
  'usr/bin/one': noise(20_000, 11),
  'usr/bin/two': noise(20_000, 12),
  'etc/\u001b[31mred': noise(9_000, 13),
});
KINDS['squashfs']?.(join(cwd, 'tree'), join(cwd, 'new'));
await createDelta(join(cwd, 'old'), join(cwd, 'new'), join(cwd, 'delta'));

interface Document {
  totalBytes: number;
  files: Array<{ path: string; bytes: number; cause: string; package: string | null }>;
  otherFilesBytes: number;
  metadataBytes: number;
  commandBytes: number;
  groups?: Array<{ name: string; bytes: number; files: number }>;
}

async function documentOf(...argv: string[]): Promise<Document> {
  const ran = await blame(...argv, '--json');
  assert.is(ran.exitCode, 0, String(ran.failure));
  const document = JSON.parse(ran.stdout) as Document;
  assert.ok(fits(document), JSON.stringify(fits.errors));
  return document;
}

const sumOf = (rows: ReadonlyArray<{ bytes: number }>): number => rows.reduce((sum, { bytes }) => sum + bytes, 0);

test('the document fits its schema and sums to the size of the delta', async () => {
  for (const argv of [
    ['delta'],
    ['delta', '--top', '1'],
    ['delta', '--by', 'package'],
    [],
    ['--compress', 'gzip'],
    ['--compress', 'zstd'],
    ['delta', '--what-if'],
  ]) {
    const found = await documentOf('old', 'new', ...argv);
    assert.is(
      sumOf(found.files) + found.otherFilesBytes + found.metadataBytes + found.commandBytes,
      found.totalBytes,
      argv.join(' '),
    );
  }
  const found = await documentOf('old', 'new', 'delta');
  assert.is(found.totalBytes, readFileSync(join(cwd, 'delta')).length);
  assert.equal(found.files.map(({ path, cause, package: owner }) => [path, cause, owner]).sort(), [
    ['/etc/\u001b[31mred', 'changed', null],
    ['/usr/bin/one', 'changed', 'demo'],
    ['/usr/bin/two', 'changed', null],
  ]);
});

test('files are taken together', async () => {
  const by = async (what: string): Promise<Array<[string, number]>> =>
    ((await documentOf('old', 'new', 'delta', '--by', what)).groups ?? []).map((one) => [one.name, one.files]);
  assert.equal(await by('directory'), [
    ['/usr/bin', 2],
    ['/etc', 1],
  ]);
  assert.equal(await by('package'), [
    ['(no package)', 2],
    ['demo', 1],
  ]);
  assert.equal(await by('cause'), [['changed', 3]]);
});

test('the schema names every cause', () => {
  assert.equal(schema.$defs.cause.enum, [...CAUSES]);
});

test('a table for people: rows, the rest, metadata, commands, the total', async () => {
  const { stdout } = await blame('old', 'new', 'delta', '--top', '2');
  const lines = stdout.split('\n');
  assert.match(lines[0] ?? '', /^4[78]\.\d KiB; 4[78]\.\d KiB of the target's .* \(squashfs\) are literals$/);
  assert.match(lines[2] ?? '', /^file +bytes +share +cause +package$/);
  assert.match(stdout, /^\/usr\/bin\/one +200\d\d +4\d\.\d % +changed +demo$/m);
  assert.match(stdout, /^1 more +90\d\d /m);
  assert.match(stdout, /^\(commands\) +\d+ +\d\.\d %$/m);
  assert.match(stdout, new RegExp(`^total +${readFileSync(join(cwd, 'delta')).length} +100.0 %$`, 'm'));
});

test('names of files cannot write to the terminal', async () => {
  const { stdout } = await blame('old', 'new', 'delta');
  assert.not(stdout.includes('\u001b'));
  assert.match(stdout, /^\/etc\/·\[31mred /m);
});

test('wrong usage is told before any work', async () => {
  const refused = async (...argv: string[]): Promise<string> => {
    const { failure } = await blame(...argv);
    return failure instanceof ReleasePlanError ? failure.code : String(failure);
  };
  assert.is(await refused('old', 'missing'), 'usage');
  assert.is(await refused('old', 'new', 'delta', '--compress', 'gzip'), 'usage');
  assert.is(await refused('old', 'delta', 'delta'), 'image-unsupported');
  assert.match(
    (await blame('old', 'new', '--by', 'colour')).complaint,
    /Allowed choices are file, directory, package, cause/,
  );
  for (const by of GROUPINGS) assert.is((await blame('old', 'new', 'delta', '--by', by)).exitCode, 0);
});

test.run();
