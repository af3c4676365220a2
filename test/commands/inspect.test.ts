import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerInspect } from '../../src/commands/inspect.ts';
import type { ReleasePlanError } from '../../src/core/errors.ts';
import { templatePath } from '../../src/io/template.ts';
import { buildSwu } from '../../src/swu/build.ts';
import { writeArchive } from '../../src/swu/cpio.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';
import { deltaPartition, makeRelease, requestFor } from '../support/swupdate.ts';

const test = suite('commands/inspect');
const cwd = scratch('inspect-command');
const keys = makeKeys('inspect-keys').dir;
const release = makeRelease(cwd);
const rootfs = deltaPartition(release, { slots: { a: '/dev/mmcblk0p2', b: '/dev/mmcblk0p3' } });
const good = join(cwd, 'good.swu');
await buildSwu(requestFor(keys, good, [rootfs]));

const inspect = async (...argv: string[]): Promise<CommandRun> =>
  await runCommand(registerInspect, ['inspect', ...argv], { cwd });

/** What `--json` gives, as far as tests look at it. */
interface Shown {
  schema: number;
  isSigned: boolean;
  members: Array<{ name: string }>;
  description: { version: string; views: Array<{ board: string; selection: { mode: string } }> };
  checks: Array<{ check: string; result: string; detail: string }>;
  findings: Array<{ code: string; severity: string; message: string }>;
}
const shown = (ran: CommandRun): Shown => JSON.parse(ran.stdout) as Shown;

test('a package of our own has nothing wrong, and its signature is checked by the key alone', async () => {
  for (const [method, key, cert, trusted] of [
    ['cms', 'ec.pem', 'ec.crt', 'ec.crt'],
    ['rsa', 'rsa.pem', undefined, 'rsa.pub.pem'],
    ['rsa-pss', 'rsa.pem', undefined, 'rsa.pub.pem'],
  ] as const) {
    const out = join(cwd, `${method}.swu`);
    await buildSwu(requestFor(keys, out, [rootfs], { signing: { method, key, ...(cert ? { cert } : {}) } }));
    const ran = await inspect(out, '--public', join(keys, trusted), '--json');
    assert.is(ran.exitCode, 0, ran.stdout);
    const found = shown(ran);
    assert.is(found.schema, 1);
    assert.equal(found.findings, []);
    assert.match(found.checks.find((one) => one.check === 'signature')?.detail ?? '', new RegExp(`^${method} against`));
    assert.equal(
      found.description.views.map((one) => [one.board, one.selection.mode]),
      [
        ['tolomeo-qemux86-64', 'main'],
        ['tolomeo-qemux86-64', 'alt'],
      ],
    );
  }
});

test('the text names members, devices and the result', async () => {
  const ran = await inspect('good.swu');
  assert.is(ran.exitCode, 0);
  assert.match(ran.stdout, /rootfs\.delta\.gz +\d/);
  assert.match(ran.stdout, /tolomeo-qemux86-64 -e stable,main \(hardware 1\.0\)/);
  assert.match(ran.stdout, /rdiff_image +rootfs\.delta\.gz +\/dev\/mmcblk0p2 from \/dev\/mmcblk0p3, zlib/);
  assert.match(ran.stdout, /no findings\n$/);
});

test("another's package without protections ends with exit code 4, each finding named", async () => {
  const bare = join(cwd, 'bare.hbs');
  const text = readFileSync(templatePath('sw-description.hbs'), 'utf8');
  writeFileSync(bare, text.replace(/scripts: \([^]*?\n\);\n\{\{#if bootenv/, '{{#if bootenv'));
  const out = join(cwd, 'bare.swu');
  const request = requestFor(keys, out, [rootfs]);
  await buildSwu({ ...request, swu: { ...request.swu, template: bare } });
  const ran = await inspect(out, '--json');
  assert.is(ran.exitCode, 4);
  assert.equal(
    shown(ran).findings.map((one) => `${one.severity} ${one.code}`),
    ['error swu-guard', 'error swu-guard', 'error swu-readback', 'error swu-readback'],
  );
});

test('a key that is not trusted, and a file that is no package, end with exit code 4', async () => {
  const untrusted = await inspect('good.swu', '--public', join(keys, 'other.crt'), '--json');
  assert.is(untrusted.exitCode, 4);
  assert.is(shown(untrusted).checks.find((one) => one.check === 'signature')?.result, 'fail');
  const none = await inspect('base', '--json');
  assert.is(none.exitCode, 4);
  assert.equal(shown(none).members, []);
  assert.match((await inspect('base')).stdout, /^archive: fail .*not a cpio header/);
});

test("a hostile package moves no cursor, and a folder or a missing file is the user's mistake", async () => {
  const evil = join(cwd, 'evil.swu');
  const description =
    'software = { version = "1\x1b[2J"; b: { hardware-compatibility: [ "1" ]; ' +
    'images: ( { filename = "x\x1b]52;c;aGk=\x07"; device = "/dev/x"; } ); }; };';
  await writeArchive(
    [
      {
        name: 'sw-description',
        bytes: Buffer.from(description.replaceAll('\x1b', '\\x1b').replaceAll('\x07', '\\x07')),
      },
    ],
    evil,
    0,
  );
  const ran = await inspect('evil.swu');
  assert.is(ran.exitCode, 4);
  assert.not(/\p{Cc}/u.test(ran.stdout.replaceAll('\n', '')), JSON.stringify(ran.stdout));
  mkdirSync(join(cwd, 'folder'));
  for (const path of ['folder', 'absent.swu'])
    assert.is(((await inspect(path)).failure as ReleasePlanError).code, 'usage');
});

test.run();
