/** Which bases are worth a delta: real images, their signatures and some real deltas, and a fleet. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerTargets } from '../../src/commands/targets/index.ts';
import type { ArchivedFile } from '../../src/core/archive.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { createDelta, gzipFile, signature } from '../../src/rdiff/index.ts';
import { handMade } from '../support/archive.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { deltaInfo } from '../support/manifests.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';
import type { Suggestion } from '../../src/insight/suggest/suggest.ts';

const test = suite('commands/targets suggest');
const cwd = scratch('suggest');
const here = handMade(cwd);
const suggest = async (...argv: string[]): Promise<CommandRun> =>
  await runCommand(registerTargets, ['targets', 'suggest', ...argv, '--plan', 'plan.yml'], { cwd });

const SCHEMA = fileURLToPath(new URL('../../schemas/targets-suggest.schema.json', import.meta.url));
const fits = new Ajv2020({ strict: true }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);

const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.4.0', '0.5.0', '0.6.0'];
const TARGET = '0.6.0';
const BLOCK = 1024;

/** Each version has five more blocks of its own than the one before: deltas from older ones are larger. */
function imageOf(at: number): Buffer {
  const image = Buffer.from(noise(400 * BLOCK, 1));
  for (let older = 1; older <= at; older += 1) image.set(noise(5 * BLOCK, 100 + older), older * 20 * BLOCK);
  return image;
}

const pathOf = (version: string, file = 'rootfs.squashfs'): string => join(here.version(version), file);

for (const [at, version] of VERSIONS.entries()) {
  mkdirSync(here.version(version), { recursive: true });
  writeFileSync(pathOf(version), imageOf(at));
  // One of them has blocks of another length: the target's are summed anew for it.
  await signature(pathOf(version), pathOf(version, 'rootfs.signature'), {
    blockBytes: version === '0.2.0' ? 512 : BLOCK,
  });
  const entry = (path: string, role: ArchivedFile['role']): ArchivedFile => ({
    path,
    role,
    partition: 'rootfs',
    ...digestBytes(readFileSync(pathOf(version, path))),
  });
  const files = [entry('rootfs.squashfs', 'image'), entry('rootfs.signature', 'signature')];
  here.archive(version, { files });
  writeFileSync(pathOf(version), imageOf(at));
}

const sizes = new Map<string, number>();

/** What a device would download. */
async function deltaBytes(from: string, to: string): Promise<number> {
  const [bare, packed] = [join(cwd, 'delta'), join(cwd, 'delta.gz')];
  await createDelta(pathOf(from), pathOf(to), bare, {});
  await gzipFile(bare, packed, {});
  return statSync(packed).size;
}

async function makeUpdate(from: string, to: string, minute: number): Promise<void> {
  const bytes = await deltaBytes(from, to);
  sizes.set(`${from} ${to}`, bytes);
  const info = deltaInfo(from, to);
  const createdAt = `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`;
  here.archiveUpdate(from, to, { createdAt, swu: { ...info.swu, sizeBytes: bytes } });
}

await makeUpdate('0.5.0', TARGET, 0);
await makeUpdate('0.4.0', TARGET, 1);
await makeUpdate('0.1.0', '0.5.0', 2);

/** How many devices run each; 0.0.9 is not archived, and those on the target have nothing to do. */
const FLEET: Record<string, number> = {
  '0.0.9': 40,
  '0.1.0': 5,
  '0.2.0': 100,
  '0.3.0': 30,
  '0.4.0': 200,
  '0.5.0': 625,
  [TARGET]: 500,
};
const rows = Object.entries(FLEET).flatMap(([version, count]) =>
  Array.from({ length: count }, (_, at) => ({
    'uuid': `${version}-${at}`,
    'tag': 'promoted',
    version,
    'hardware-id': 'board',
  })),
);
writeFileSync(join(cwd, 'devices.json'), JSON.stringify(rows));
writeFileSync(
  join(cwd, 'artifacts/targets.json'),
  JSON.stringify({
    signatures: [],
    signed: {
      _type: 'Targets',
      version: 1,
      targets: Object.fromEntries(
        VERSIONS.map((version) => [
          `board-image-${version}`,
          {
            hashes: { sha256: digestBytes(version).sha256 },
            length: 1,
            custom: { version, name: 'board-image', tags: [], hardwareIds: ['board'], targetFormat: 'SWUPDATE' },
          },
        ]),
      ),
    },
  }),
);
const write = (deltas: object[]): void =>
  here.write({ fleet: 'devices.json', deltas, versions: VERSIONS.map((version) => ({ version })) });
write([{ to: TARGET, from: { tag: 'promoted', cover: '90%' } }]);

async function documentOf(...argv: string[]): Promise<Suggestion> {
  const ran = await suggest(TARGET, ...argv, '--json');
  assert.is(ran.exitCode, 0, String(ran.failure));
  const document = JSON.parse(ran.stdout) as Suggestion;
  assert.ok(fits(document), JSON.stringify(fits.errors));
  return document;
}

const chosenOf = ({ bases }: Suggestion): string[] => bases.filter(({ isChosen }) => isChosen).map(({ base }) => base);

test('the fewest deltas for a share of the devices; the rule of the plan decides where no flag does', async () => {
  const found = await documentOf('--by-tag', 'promoted');
  assert.equal([found.updating, chosenOf(found)], [1000, ['0.5.0', '0.4.0', '0.2.0']]);
  assert.equal(chosenOf(await documentOf('--cover', '80%')), ['0.5.0', '0.4.0']);
  const few = await documentOf('--cover', '99%', '--max', '1');
  assert.equal([few.choice.isEnough, few.choice.devices], [false, 625]);
});

test('known sizes are those of the archive, the others within the error that was measured', async () => {
  const { bases, calibration } = await documentOf('--cover', '100%');
  assert.is(calibration.deltas, 3);
  assert.ok(calibration.error !== null && calibration.error < 0.2, `error ${calibration.error}`);
  for (const { base, bytes, size } of bases) {
    if (bytes === null) throw new Error(`${base} has no size`);
    const real = sizes.get(`${base} ${TARGET}`) ?? (await deltaBytes(base, TARGET));
    assert.is(size, sizes.has(`${base} ${TARGET}`) ? 'known' : 'estimated', base);
    if (size === 'known') assert.is(bytes, real, base);
    else assert.ok(Math.abs(bytes / real - 1) <= 0.2, `${base}: estimated ${bytes}, is ${real}`);
  }
});

test('budgets: what is there takes no time, and the bound says how good the choice is', async () => {
  const none = await documentOf('--max-time', '0s');
  assert.equal(chosenOf(none), ['0.5.0', '0.4.0'], 'they exist');
  const { choice } = await documentOf('--max', '2');
  assert.equal([choice.aim, choice.value], ['saved-bytes', choice.bound]);
});

test('a chain over a delta that is there', async () => {
  const { chains } = await documentOf('--cover', '90%');
  const [chain] = chains;
  assert.equal([chain?.base, chain?.over, chain?.devices], ['0.1.0', ['0.1.0', '0.5.0', TARGET], 5]);
  assert.is(chain?.bytes, (sizes.get('0.1.0 0.5.0') ?? 0) + (sizes.get(`0.5.0 ${TARGET}`) ?? 0));
});

test('for people: rows, the result, the line for the plan, and what cannot be served', async () => {
  const { stdout } = await suggest(TARGET, '--by-tag', 'promoted', '--cover', '90%');
  assert.match(stdout, /^1000 devices on promoted have to update to 0\.6\.0; the full package has 400\.0 KiB\n/);
  assert.match(stdout, /\n\* 0\.5\.0 +625 +62\.5 % +5\.\d+ KiB +\d+\.\d MiB +made\n/);
  assert.match(stdout, /\n\* 0\.2\.0 +100 +10\.0 % +~\d+\.\d KiB +\d+\.\d MiB +0\.0\n/);
  assert.match(stdout, '* 3 deltas for 925 devices (92.5 %)');
  assert.match(stdout, '  - { to: "0.6.0", from: { tag: promoted, cover: "90%" } }');
  assert.match(stdout, /~ estimated from [a-z ]+ and 3 deltas that exist; nine of ten of those are within \d/);
  assert.match(stdout, 'per second, assumed');
  assert.match(stdout, '  0.1.0 -> 0.5.0 -> 0.6.0: ');
  assert.match(stdout, 'No delta can serve:\n  40: runs 0.0.9, which is not in the registry');
  assert.match((await suggest(TARGET, '--max', '1')).stdout, 'this one: the best there is.');
  assert.match((await suggest(TARGET, '--cover', '99%')).stdout, '99.0 % is out of reach: no choice');
  const nothing = await suggest(TARGET, '--max-bytes', '1');
  assert.match(nothing.stdout, '* no delta is worth making within these limits\n');
  assert.match((await suggest(TARGET, '--top', '1')).stdout, '  4 more\n');
});

test('wrong usage', async () => {
  const refused = async (...argv: string[]): Promise<string> => {
    const { failure } = await suggest(...argv);
    return failure instanceof ReleasePlanError ? failure.code : String(failure);
  };
  assert.is(await refused('0.9.0'), 'target-unknown');
  assert.is(await refused(TARGET, '--by-tag', 'promted'), 'tag-unknown');
  for (const [flag, value] of [
    ['--cover', 'most'],
    ['--max', '0'],
    ['--max-bytes', '2 gigs'],
    ['--max-time', 'long'],
  ] as const)
    assert.match((await suggest(TARGET, flag, value)).complaint, `option '${flag}`);
  here.write();
  assert.is(await refused('0.3.0'), 'fleet-missing');
});

test.run();
