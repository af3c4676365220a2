/** Four kinds of damage that ostree's own tools do not see, and each command that names and repairs them. */
import { cpSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerApply } from '../../../src/commands/apply.ts';
import type { RegisterCommand } from '../../../src/commands/host.ts';
import { registerTargets } from '../../../src/commands/targets/index.ts';
import { registerVerify } from '../../../src/commands/verify.ts';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import type { ConsistencyReport } from '../../../src/core/report.ts';
import { deltaStates } from '../../../src/delivery/ostree/state.ts';
import { deltaFolder, type CommitPair } from '../../../src/delivery/ostree/static-delta.ts';
import { run } from '../../../src/io/process.ts';
import { runCommand, type CommandRun } from '../../support/command.ts';
import { archiveRepository, clientWith, commit, ostree, treeOf } from '../../support/ostree.ts';
import { serveWithoutObjects } from '../../support/ostree-server.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('delivery/ostree/damage');

/** What is wrong with each delta, in the words that name it. */
const DAMAGE: ReadonlyArray<readonly [from: string, to: string, words: RegExp]> = [
  ['1', '5', /part 0 (has \d+ bytes, the superblock says \d+|is not what the superblock says)/],
  ['2', '5', /part 0 has \d+ bytes, the superblock says \d+/],
  ['3', '5', /the superblock is (damaged|not the one that the summary names)/],
  ['4', '6', /the target commit was signed after the delta was made/],
];

interface Product {
  dir: string;
  pairs: CommitPair[];
  keyring: string;
}

const command = async (register: RegisterCommand, dir: string, ...argv: string[]): Promise<CommandRun> =>
  await runCommand(register, argv, { cwd: dir });

/** A product with four proven deltas, each of which is then damaged in another way. */
async function damagedProduct(): Promise<Product> {
  const repo = await archiveRepository('damaged-product');
  const dir = join(repo, '..');
  const commits = new Map<string, string>();
  for (const version of ['1', '2', '3', '4', '5', '6'])
    commits.set(version, await commit(repo, 'lmp', treeOf('lmp', Number(version)), Number(version)));
  const target = (version: string): [string, object] => [
    `board-lmp-${version}`,
    {
      hashes: { sha256: commits.get(version) },
      length: 0,
      custom: { version, name: 'board-lmp', tags: ['main'], hardwareIds: ['board'], targetFormat: 'OSTREE' },
    },
  ];
  const targets = Object.fromEntries([...commits.keys()].map(target));
  const signed = { _type: 'Targets', version: 1, expires: '2030-01-01T00:00:00Z', targets };
  writeFileSync(join(dir, 'targets.json'), JSON.stringify({ signatures: [], signed }));
  const devices = ['1', '2', '3'].map((version) => ({
    'name': `device-${version}`,
    'tag': 'promoted',
    'target-name': `board-lmp-${version}`,
  }));
  writeFileSync(join(dir, 'devices.json'), JSON.stringify({ devices, total: 3, next: null }));
  writeFileSync(
    join(dir, 'plan.yml'),
    `schema: 1
product: lmp
machine: board
distro: lmp
image: lmp-image
ostree: { repo: repo, branch: lmp, xz: 2 }
targets: targets.json
fleet: devices.json
deltas:
  - { to: "5", from: ["1", "2", "3"] }
  - { to: "6", from: ["4"] }
`,
  );
  const made = await command(registerApply, dir, 'apply', 'plan.yml');
  assert.is(made.exitCode, 0, String(made.failure));
  const pairs = DAMAGE.map(([from, to]) => ({ from: commits.get(from) ?? '', to: commits.get(to) ?? '' }));
  const keyring = await damage(repo, pairs);
  return { dir, pairs, keyring };
}

/** @returns the keyring of whoever signed the last target */
async function damage(repo: string, pairs: readonly CommitPair[]): Promise<string> {
  const file = (at: number, name: string): string => join(deltaFolder({ path: repo }, pairs[at] as CommitPair), name);
  copyFileSync(file(3, '0'), file(0, '0'));
  writeFileSync(file(1, '0'), Buffer.concat([readFileSync(file(1, '0')), Buffer.from('more')]));
  const superblock = readFileSync(file(2, 'superblock'));
  superblock[superblock.length >> 1] = (superblock[superblock.length >> 1] ?? 0) ^ 1;
  writeFileSync(file(2, 'superblock'), superblock);
  const home = join(scratch('gpg'), 'home');
  mkdirSync(home, { mode: 0o700 });
  const gpg = ['--homedir', home, '--batch', '--passphrase', ''];
  await run('gpg', [...gpg, '--quick-generate-key', 'commits@example.org', 'ed25519', 'sign', 'never']);
  const [key = ''] = /[0-9A-F]{40}/.exec((await run('gpg', [...gpg, '--with-colons', '--list-keys'])).stdout) ?? [];
  await ostree(repo, 'gpg-sign', `--gpg-homedir=${home}`, pairs[3]?.to ?? '', key);
  const { stdout } = await run('gpg', ['--homedir', home, '--armor', '--export', key]);
  writeFileSync(join(home, 'public.asc'), stdout);
  await run('gpgconf', ['--homedir', home, '--kill', 'all'], { okCodes: [0, 1, 2] });
  return join(home, 'public.asc');
}

/** The same product in a folder of its own; its ostree notes which deltas are there whenever it writes a summary. */
function copyOf({ dir }: Product): { dir: string; deltasAtSummaries(): string[] } {
  const copy = join(scratch('copy'), 'product');
  cpSync(dir, copy, { recursive: true });
  const log = join(copy, 'summaries');
  const script = `#!/bin/sh
case "$*" in *summary*--update*)
  case "$1" in --repo=*/proof-*) ;; *) ls ${copy}/repo/deltas/*/*/superblock 2>/dev/null | wc -l >> ${log};; esac;;
esac
exec /usr/bin/ostree "$@"
`;
  mkdirSync(join(copy, 'bin'));
  writeFileSync(join(copy, 'bin/ostree'), script, { mode: 0o755 });
  return { dir: copy, deltasAtSummaries: () => readFileSync(log, 'utf8').trim().split('\n') };
}

async function withPath<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  try {
    return await body();
  } finally {
    process.env.PATH = path;
  }
}

let product: Product;

test.before(async () => {
  product = await damagedProduct();
});

test('verify names each of the four, with exit code 4; so does the guard of a tag', async () => {
  const { dir } = product;
  const { exitCode, stdout } = await command(registerVerify, dir, 'verify', 'plan.yml', '--json');
  assert.is(exitCode, 4);
  const { checks } = JSON.parse(stdout) as ConsistencyReport;
  for (const [from, to, words] of DAMAGE) {
    const row = checks.find(({ check, subject }) => check === 'delta' && subject === `${from} -> ${to}`);
    assert.is(row?.result, 'fail');
    assert.match(row?.detail ?? '', words);
  }
  const { failure } = await command(registerTargets, dir, 'targets', 'tag', '-T', 'promoted', '--by-version', '5');
  assert.ok(failure instanceof ReleasePlanError && failure.code === 'promotion-blocked');
  for (const [from, to, words] of DAMAGE.slice(0, 3)) {
    assert.match(failure.message, new RegExp(`the delta ${from} -> ${to}, .* is broken: [^;]*${words.source}`));
  }
});

const COMMANDS: ReadonlyArray<readonly [title: string, run: (dir: string) => Promise<CommandRun[]>]> = [
  ['verify --repair', async (dir) => [await command(registerVerify, dir, 'verify', '--repair', 'plan.yml')]],
  [
    'targets static-deltas',
    async (dir) => [
      await command(registerTargets, dir, 'targets', 'static-deltas', '5', '1', '2', '3'),
      await command(registerTargets, dir, 'targets', 'static-deltas', '6', '4'),
    ],
  ],
  ['the night', async (dir) => [await command(registerApply, dir, 'apply', '--nightly', 'plan.yml')]],
];

for (const [title, act] of COMMANDS) {
  test(`${title} withdraws the four, updates the summary, makes them, and shows them again`, async () => {
    const { dir, deltasAtSummaries } = copyOf(product);
    for (const ran of await withPath(join(dir, 'bin'), async () => await act(dir))) {
      assert.is(ran.failure, undefined);
      assert.is(ran.exitCode, 0);
    }
    const steps = title === 'targets static-deltas' ? ['1', '4', '3', '4'] : ['0', '4'];
    assert.equal(deltasAtSummaries(), steps);
    for (const state of await deltaStates({ path: join(dir, 'repo') }, product.pairs))
      assert.ok(state.state === 'proven' && state.isAdvertised);
    assert.is((await command(registerVerify, dir, 'verify', 'plan.yml')).exitCode, 0);
  });
}

test('a client that wants signatures takes the delta that was made after the commit was signed', async () => {
  const { dir } = copyOf(product);
  await command(registerVerify, dir, 'verify', '--repair', 'plan.yml');
  const [, , , pair] = product.pairs as [CommitPair, CommitPair, CommitPair, CommitPair];
  const client = await clientWith(join(dir, 'repo'), pair.from);
  const server = await serveWithoutObjects(join(dir, 'repo'));
  try {
    const remote = ['remote', 'add', `--gpg-import=${product.keyring}`, 'origin', server.url];
    await ostree(client, ...remote);
    const pull = ['pull', '--require-static-deltas', 'origin', pair.to];
    await ostree(client, ...pull).catch(async () => await ostree(client, ...pull));
    assert.match(
      await ostree(client, 'show', '--gpg-verify-remote=origin', pair.to),
      /Good signature from ".*commits@example.org/,
    );
  } finally {
    await server.close();
  }
});

test('a broken delta that no rule requires is named, and withdrawn by --repair', async () => {
  const { dir } = copyOf(product);
  const plan = readFileSync(join(dir, 'plan.yml'), 'utf8');
  writeFileSync(join(dir, 'plan.yml'), plan.replace('  - { to: "5", from: ["1", "2", "3"] }\n', ''));
  const found = await command(registerVerify, dir, 'verify', 'plan.yml');
  assert.is(found.exitCode, 4);
  assert.match(found.stdout, /is broken: .*; no rule requires it, and `verify --repair` withdraws it/);
  const repaired = await command(registerVerify, dir, 'verify', '--repair', 'plan.yml');
  assert.is(repaired.exitCode, 0);
  assert.is(repaired.stdout.match(/withdrawn, since no rule of the plan requires it/g)?.length, 3);
  const states = await deltaStates({ path: join(dir, 'repo') }, product.pairs);
  assert.equal(
    states.map(({ state }) => state),
    ['absent', 'absent', 'absent', 'proven'],
  );
});

test.run();
