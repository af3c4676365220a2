/** A rule for a share of the devices, through the command line: what is planned, reported and promoted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerPlan } from '../../../src/commands/plan.ts';
import { registerReport } from '../../../src/commands/report.ts';
import { registerTargets } from '../../../src/commands/targets/index.ts';
import type { RegisterCommand } from '../../../src/commands/host.ts';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import { digestBytes } from '../../../src/io/hash.ts';
import { handMade } from '../../support/archive.ts';
import { runCommand, type CommandRun } from '../../support/command.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('delivery/swupdate: cover');
const cwd = scratch('cover');
const here = handMade(cwd);
const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.4.0'];
const FLEET = { '0.1.0': 5, '0.2.0': 15, '0.3.0': 80 };

for (const version of VERSIONS) here.archive(version);
const rows = Object.entries(FLEET).flatMap(([version, count]) =>
  Array.from({ length: count }, (_, at) => ({
    'uuid': `${version}-${at}`,
    'tag': version === '0.1.0' ? 'canary' : 'promoted',
    version,
    'hardware-id': 'board',
  })),
);
writeFileSync(join(cwd, 'devices.json'), JSON.stringify(rows));
const targets = VERSIONS.map((version) => [
  `board-image-${version}`,
  {
    hashes: { sha256: digestBytes(version).sha256 },
    length: 1,
    custom: { version, name: 'board-image', tags: [], hardwareIds: ['board'], targetFormat: 'SWUPDATE' },
  },
]);
const registry = { signatures: [], signed: { _type: 'Targets', version: 1, targets: Object.fromEntries(targets) } };
writeFileSync(join(cwd, 'artifacts/targets.json'), JSON.stringify(registry));

const run = async (register: RegisterCommand, ...argv: string[]): Promise<CommandRun> =>
  await runCommand(register, argv, { cwd });

/** Writes the plan with one rule. */
const rule = (from: object): void =>
  here.write({
    fleet: 'devices.json',
    versions: VERSIONS.map((version) => ({ version })),
    deltas: [{ to: '0.4.0', from }],
  });

interface Planned {
  plans: Array<{ steps: Array<{ kind: string; from?: string; why: string }> }>;
}

/** The bases of the deltas that apply would make, with why. */
async function planned(): Promise<string[]> {
  const { stdout, failure } = await run(registerPlan, 'plan', 'plan.yml', '--json');
  assert.is(failure, undefined);
  return (JSON.parse(stdout) as Planned).plans.flatMap(({ steps }) =>
    steps.filter(({ kind }) => kind === 'delta').map(({ from, why }) => `${from}: ${why}`),
  );
}

const why = (version: string, whom: string): string => `${version}: required by ${whom}; not in the archive`;

test('planned is what the share requires, of a tag or of the fleet', async () => {
  rule({ cover: '80%' });
  assert.equal(await planned(), [why('0.3.0', '80 devices of the fleet')]);
  rule({ cover: '90%' });
  assert.equal(await planned(), [why('0.3.0', '80 devices of the fleet'), why('0.2.0', '15 devices of the fleet')]);
  rule({ cover: '100%', max: 1 });
  assert.equal(await planned(), [why('0.3.0', '80 devices of the fleet')]);
  rule({ cover: '100%', tag: 'promoted' });
  assert.equal(await planned(), [why('0.3.0', '80 devices on promoted'), why('0.2.0', '15 devices on promoted')]);
});

test('the report counts the others among those that take the full package', async () => {
  rule({ cover: '80%' });
  const { stdout } = await run(registerReport, 'report', 'plan.yml');
  assert.match(stdout, '| devices | all devices -> 0.4.0 |');
  assert.match(stdout, '100 devices: 80 by delta, 20 by full');
  assert.match(stdout, '20: left out by cover: 1 delta for 80 of 100 devices (80.0 %)');
});

test('a promotion waits for the deltas of the share, and for no other', async () => {
  const promote = async (): Promise<string> => {
    const args = ['--dry-run', '--by-version', '0.4.0', '--plan', 'plan.yml', '-T', 'promoted'];
    const { failure, exitCode } = await run(registerTargets, 'targets', 'tag', ...args);
    return failure instanceof ReleasePlanError ? `${failure.code}: ${failure.message}` : String(exitCode);
  };
  rule({ cover: '80%', tag: 'promoted' });
  assert.match(await promote(), /^promotion-blocked: the delta 0\.3\.0 -> 0\.4\.0, which 80 devices .* is missing$/);
  here.archiveUpdate('0.3.0', '0.4.0');
  assert.is(await promote(), '0');
  rule({ tag: 'promoted' });
  assert.match(await promote(), /^promotion-blocked: the delta 0\.2\.0 -> 0\.4\.0/);
  rule({ cover: '80%', tag: 'canary' });
  assert.match(await promote(), /^promotion-blocked: the delta 0\.2\.0 -> 0\.4\.0/, 'the rule is for other devices');
});

test.run();
