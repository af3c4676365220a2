/** What commands print for programs: a schema for each, strict, and real output that fits it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createProgram } from '../../src/commands/program.ts';
import type { RegisterCommand } from '../../src/commands/host.ts';
import { registerBase } from '../../src/commands/base.ts';
import { registerDelta } from '../../src/commands/delta/index.ts';
import { registerDoctor } from '../../src/commands/doctor.ts';
import { registerExplain } from '../../src/commands/explain.ts';
import { registerGc } from '../../src/commands/gc.ts';
import { registerPlan } from '../../src/commands/plan.ts';
import { registerPublish } from '../../src/commands/publish.ts';
import { registerReport } from '../../src/commands/report.ts';
import { registerValidate } from '../../src/commands/validate.ts';
import { registerVerify } from '../../src/commands/verify.ts';
import { handMade } from '../support/archive.ts';
import { runCommand } from '../support/command.ts';
import { DOCUMENT_NAMES, documentOf, documentProblems, documentSchema } from '../support/documents.ts';
import { noise } from '../support/noise.ts';
import { edited } from '../support/pairs.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: json');

/** Commands that print JSON, by their words. */
function printing(command: Command, words: readonly string[]): string[][] {
  const own = command.options.some(({ long }) => long === '--json' || long === '--format') ? [[...words]] : [];
  return [...own, ...command.commands.flatMap((one) => printing(one, [...words, one.name()]))];
}

const commands = printing(
  createProgram(async () => undefined),
  [],
);

test('each command that prints JSON has a schema, and each schema a command', () => {
  const named = commands.map((words) => documentOf([...words, '--json']));
  assert.equal(
    commands.filter((_, at) => !DOCUMENT_NAMES.includes(named[at] ?? '')).map((words) => words.join(' ')),
    [],
  );
  // Flags that make another document of a command's.
  const variants = ['plan-against', 'report-index'];
  assert.equal([...new Set([...named, ...variants])].toSorted(), DOCUMENT_NAMES.toSorted());
});

/** Objects in a schema that say what they hold, and leave open what else. */
function openObjects(schema: unknown, at = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, additionalProperties } = schema as Record<string, unknown>;
  const isOpen = typeof properties === 'object' && !('const' in schema) && additionalProperties !== false;
  return [
    ...(isOpen ? [at] : []),
    ...Object.entries(schema).flatMap(([key, value]) => openObjects(value, `${at}/${key}`)),
  ];
}

for (const name of DOCUMENT_NAMES)
  test(`${name}: has a version, and names every key`, () => {
    const schema = documentSchema(name);
    assert.ok(typeof schema.title === 'string' && typeof schema.description === 'string');
    const forms = (schema.oneOf ?? [schema]) as Array<{
      required: string[];
      properties: { schema: { const: number } };
    }>;
    for (const { required, properties } of forms)
      assert.equal([required.includes('schema'), Number.isInteger(properties.schema.const)], [true, true]);
    assert.equal(openObjects(schema), []);
  });

const here = handMade(scratch('json'));
for (const version of ['0.1.0', '0.2.0', '0.3.0']) here.archive(version);
here.archiveUpdate('0.1.0', '0.3.0');
here.write({
  fleet: 'fleet.csv',
  retention: { keep_last: 1 },
  publish: [{ name: 'lab', kind: 'directory', path: 'srv' }],
});
writeFileSync(join(here.dir, 'fleet.csv'), 'uuid,tag,version\na,promoted,0.1.0\nb,promoted,0.2.0\nc,promoted,0.0.9\n');
writeFileSync(join(here.dir, 'bad.yml'), 'schema: 1\nproduct: [\n');
mkdirSync(join(here.dir, 'images'));
const base = noise(200_000, 3);
writeFileSync(join(here.dir, 'images/base'), base);
writeFileSync(join(here.dir, 'images/target'), edited(base, 4));

const RUNS: ReadonlyArray<readonly [RegisterCommand, string]> = [
  [registerExplain, 'explain --json'],
  [registerExplain, 'explain locked --json'],
  [registerDoctor, 'doctor --json'],
  [registerValidate, 'validate --format json plan.yml'],
  [registerValidate, 'validate --format json bad.yml'],
  [registerPlan, 'plan --json plan.yml'],
  [registerPlan, 'plan --against plan.yml --json plan.yml'],
  [registerReport, 'report --json plan.yml'],
  [registerReport, 'report --index --json plan.yml'],
  [registerVerify, 'verify --json plan.yml'],
  [registerGc, 'gc --dry-run --json plan.yml'],
  [registerPublish, 'publish --dry-run --json plan.yml'],
  [registerDelta, 'delta signature --json images/base images/signature'],
  [registerDelta, 'delta create --json --prove images/base images/target images/delta'],
  [registerDelta, 'delta inspect --json images/delta'],
  [registerDelta, 'delta apply --json images/base images/delta images/out'],
  [registerBase, 'base identify --json images/signature --plan plan.yml'],
];

for (const [register, line] of RUNS)
  test(`${line}: what it prints fits`, async () => {
    const argv = line.split(' ');
    const { stdout, failure } = await runCommand(register, argv, { cwd: here.dir });
    assert.is(failure, undefined);
    assert.equal(documentProblems(documentOf(argv) ?? '', JSON.parse(stdout)), []);
  });

test('the fleet is data: devices by way, and by what they run', async () => {
  const { stdout } = await runCommand(registerReport, ['report', '--json', 'plan.yml'], { cwd: here.dir });
  const { fleet } = JSON.parse(stdout) as {
    fleet: Array<{ tag: string; ways: object; groups: Array<{ running: string; way: string }> }>;
  };
  assert.equal(
    fleet.map(({ tag, ways, groups }) => [tag, ways, groups.map(({ running, way }) => `${running} ${way}`)]),
    [
      [
        'promoted',
        { 'delta': 2, 'full': 1, 'none': 0, 'up-to-date': 0, 'newer': 0 },
        ['0.0.9 full', '0.1.0 delta', '0.2.0 delta'],
      ],
    ],
  );
});

test('a document with a key that nobody named is told', () => {
  assert.match(documentProblems('delta-apply', { schema: 1, file: 'a', targetBytes: 1 })[0] ?? '', 'targetSha256');
  assert.match(
    documentProblems('targets-tag', { schema: 1, dryRun: true, changes: [], more: 1 })[0] ?? '',
    'additional properties',
  );
});

test.run();
