import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerBase } from '../../src/commands/base.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { KINDS, writeTree } from '../insight/images.ts';
import { handMade } from '../support/archive.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands/base');
const cwd = scratch('base-command');
const here = handMade(cwd);
const identify = async (...argv: string[]): Promise<CommandRun> =>
  await runCommand(registerBase, ['base', 'identify', ...argv], { cwd });

const SCHEMA = fileURLToPath(new URL('../../schemas/base-identify.schema.json', import.meta.url));
const fits = new Ajv2020({ strict: true }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);

for (const version of ['0.1.0', '0.2.0']) {
  writeTree(join(cwd, 'tree'), { 'usr/same': noise(200_000, 1), 'usr/own': version.repeat(3000) });
  KINDS['squashfs']?.(join(cwd, 'tree'), join(cwd, `image-${version}`));
  const bytes = readFileSync(join(cwd, `image-${version}`));
  here.archive(version, {
    files: [{ path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', ...digestBytes(bytes) }],
  });
  writeFileSync(join(here.version(version), 'rootfs.squashfs'), bytes);
}
here.archiveUpdate('0.1.0', '0.2.0');

/** Makes the signature of a slot with these bytes. */
function sign(bytes: Uint8Array): void {
  writeFileSync(join(cwd, 'slot'), bytes);
  execFileSync('rdiff', ['--force', '-b', '1024', 'signature', join(cwd, 'slot'), join(cwd, 'slot.sig')]);
}

const imageOf = (version: string): Buffer => readFileSync(join(here.version(version), 'rootfs.squashfs'));

interface Document {
  verdict: string;
  nearest: { version: string } | null;
  changes: Array<{ change: string; files: string[] }>;
  deltas: Array<{ to: string; file: string }>;
}

async function documentOf(expected: number): Promise<Document> {
  const ran = await identify('slot.sig', '--plan', 'plan.yml', '--json');
  assert.is(ran.exitCode, expected, String(ran.failure));
  const document = JSON.parse(ran.stdout) as Document;
  assert.ok(fits(document), JSON.stringify(fits.errors));
  return document;
}

test('an unaltered slot: its version, and the deltas that start from it', async () => {
  sign(imageOf('0.1.0'));
  const found = await documentOf(0);
  assert.is(found.verdict, 'identical');
  assert.is(found.nearest?.version, '0.1.0');
  const swu = join(here.update('0.1.0', '0.2.0'), 'delta-update-0.1.0-to-0.2.0.swu');
  assert.equal(found.deltas, [{ to: '0.2.0', file: swu }]);
  const { stdout } = await identify('slot.sig', '--plan', 'plan.yml');
  assert.is(stdout, `0.1.0 (rootfs), unaltered\n\nDeltas from this version:\n  to 0.2.0: ${swu}\n`);
  sign(imageOf('0.2.0'));
  assert.match((await identify('slot.sig', '--plan', 'plan.yml')).stdout, /no delta from this version/);
});

test('an altered slot: what changed, exit 4, the full package', async () => {
  const bytes = imageOf('0.2.0');
  bytes.write('another', bytes.indexOf('0.2.00.2.0') + 5_000);
  sign(bytes);
  const found = await documentOf(4);
  assert.is(found.verdict, 'altered');
  assert.equal(
    found.changes.map(({ change, files }) => [change, files]),
    [['edited', ['/usr/own']]],
  );
  const { stdout } = await identify('slot.sig', '--plan', 'plan.yml');
  assert.match(
    stdout,
    /^0\.2\.0 \(rootfs\), altered: 1 of \d+ blocks differ\n {2}1 block \(1\.00 KiB\): files changed; in (some of )?/,
  );
  assert.match(stdout, /send the full package\.\n$/);
});

test('a slot of something else', async () => {
  sign(noise(100_000, 77));
  assert.is((await documentOf(4)).verdict, 'unknown');
  assert.match((await identify('slot.sig', '--plan', 'plan.yml')).stdout, /^no archived version; the nearest is /);
});

test('wrong usage and garbage', async () => {
  const refused = async (...argv: string[]): Promise<string> => {
    const { failure } = await identify(...argv);
    return failure instanceof ReleasePlanError ? failure.code : String(failure);
  };
  assert.is(await refused('missing.sig', '--plan', 'plan.yml'), 'usage');
  assert.is(await refused('slot.sig', '--plan', 'plan.yml', '--partition', 'boot'), 'usage');
  assert.is(await refused('slot', '--plan', 'plan.yml'), 'signature-corrupt');
  assert.match((await identify('slot.sig')).complaint, /required option '--plan <plan>' not specified/);
});

test.run();
