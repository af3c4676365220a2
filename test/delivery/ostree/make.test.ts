/** Static deltas on the real ostree, taken by a real client over HTTP from a server without objects. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDeltas, type MakeOptions } from '../../../src/delivery/ostree/make.ts';
import { pruneDeltas, unrequiredDeltas } from '../../../src/delivery/ostree/prune.ts';
import { ostree as runOstree, resolveRef } from '../../../src/delivery/ostree/repository.ts';
import { publishSizes } from '../../../src/delivery/ostree/sizes.ts';
import { deltaStates } from '../../../src/delivery/ostree/state.ts';
import { deltaFolder, readContent } from '../../../src/delivery/ostree/static-delta.ts';
import { readStats, writeStats } from '../../../src/delivery/ostree/stats.ts';
import { advertisedDeltas } from '../../../src/delivery/ostree/summary.ts';
import { BYTES_PER_JOB, jobCount, threadCount } from '../../../src/delivery/ostree/workers.ts';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import { digestBytes } from '../../../src/io/hash.ts';
import { takeLock } from '../../../src/io/lock.ts';
import { run } from '../../../src/io/process.ts';
import { serveWithoutObjects } from '../../support/ostree-server.ts';
import { archiveRepository, clientWith, commit, noise, ostree, treeOf } from '../../support/ostree.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('delta/ostree');

const quiet = (): MakeOptions & { warnings: string[] } => {
  const warnings: string[] = [];
  return { warnings, progress: () => undefined, warn: (message) => void warnings.push(message) };
};

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return error instanceof ReleasePlanError ? error.code : String(error);
  }
};

/** What a client has of a commit, as files. */
async function checkout(client: string, rev: string): Promise<Map<string, string>> {
  const folder = join(scratch('checkout'), 'tree');
  await ostree(client, 'checkout', '--user-mode', rev, folder);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => [
      join(entry.parentPath, entry.name).slice(folder.length),
      digestBytes(readFileSync(join(entry.parentPath, entry.name))).sha256,
    ]),
  );
}

async function pullOverHttp(client: string, url: string, rev: string): Promise<number> {
  await run('ostree', [`--repo=${client}`, 'remote', 'add', '--if-not-exists', '--no-gpg-verify', 'origin', url]);
  for (let attempt = 0; ; attempt += 1) {
    const { exitCode } = await run('ostree', [`--repo=${client}`, 'pull', '--require-static-deltas', 'origin', rev], {
      okCodes: [0, 1],
    });
    // 2022.7 asks for the commit's detached metadata while it applies the parts; see docs/ostree.md.
    if (exitCode === 0 || attempt === 1) return exitCode;
  }
}

test(
  'two products: a client takes each delta over HTTP from a server without objects, one without the ' +
    'source is refused',
  async () => {
    const repo = { path: await archiveRepository('two-products') };
    const pi = [
      await commit(repo.path, 'pi', treeOf('pi', 5), 5),
      await commit(repo.path, 'pi', treeOf('pi', 7), 7),
      await commit(repo.path, 'pi', treeOf('pi', 9), 9),
    ] as const;
    const imx = [
      await commit(repo.path, 'imx', treeOf('imx', 1), 1),
      await commit(repo.path, 'imx', treeOf('imx', 2), 2),
    ] as const;
    const pairs = [
      { from: pi[1], to: pi[2] },
      { from: pi[0], to: pi[2] },
      { from: imx[0], to: imx[1] },
    ];
    const made = await makeDeltas(repo, pairs, { ...quiet(), jobs: 2 });
    assert.equal(
      made.map(({ from, to, isNew }) => ({ from, to, isNew })),
      pairs.map((pair) => ({ ...pair, isNew: true })),
    );

    const server = await serveWithoutObjects(repo.path);
    try {
      for (const { from, to } of pairs) {
        const client = await clientWith(repo.path, from);
        assert.is(await pullOverHttp(client, server.url, to), 0);
        await ostree(client, 'fsck', '--quiet');
        assert.equal(await checkout(client, to), await checkout(repo.path, to));
      }
      assert.ok(server.asked.some((path) => path.endsWith('/superblock')));
      const stranger = await clientWith(repo.path, imx[0]);
      assert.is(await pullOverHttp(stranger, server.url, pi[2]), 1);
    } finally {
      await server.close();
    }
  },
);

test('a second run has nothing to do and changes no byte of the deltas', async () => {
  const repo = { path: await archiveRepository('again') };
  const [a, b] = [await commit(repo.path, 'x', treeOf('x', 1)), await commit(repo.path, 'x', treeOf('x', 2))];
  const [first] = await makeDeltas(
    repo,
    [
      { from: a, to: b },
      { from: a, to: b },
    ],
    quiet(),
  );
  const summary = readFileSync(join(repo.path, 'summary'));
  const second = await makeDeltas(repo, [{ from: a, to: b }], quiet());
  assert.equal(second, [{ ...first, isNew: false }]);
  assert.equal(readFileSync(join(repo.path, 'summary')), summary);
});

test('large files that ostree sends by themselves are part of the proof', async () => {
  const repo = { path: await archiveRepository('fallback') };
  const [a, b] = [
    await commit(repo.path, 'x', { one: 'x' }),
    await commit(repo.path, 'x', { one: 'x', big: noise('big', 5_000_000) }),
  ];
  const [delta] = await makeDeltas(repo, [{ from: a, to: b }], quiet());
  assert.ok((delta?.proof.sizeBytes ?? 0) > 5_000_000);
});

test('a delta with a damaged part leaves the summary, is made again, and works again', async () => {
  const repo = { path: await archiveRepository('damaged') };
  const [a, b] = [await commit(repo.path, 'x', treeOf('x', 1)), await commit(repo.path, 'x', treeOf('x', 2))];
  const pair = { from: a, to: b };
  await makeDeltas(repo, [pair], quiet());
  const part = join(deltaFolder(repo, pair), '0');
  const bytes = readFileSync(part);
  bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 16);
  writeFileSync(part, bytes);
  const [broken] = await deltaStates(repo, [pair]);
  assert.is(broken?.state, 'broken');
  const options = quiet();
  assert.is((await makeDeltas(repo, [pair], options))[0]?.isNew, true);
  assert.match(options.warnings.join(), /is broken and is made again: part 0 is not what the superblock says/);
  const [whole] = await deltaStates(repo, [pair]);
  assert.ok(whole?.state === 'proven' && whole.isAdvertised);
});

test('a delta that somebody else made counts only once it is proven', async () => {
  const repo = { path: await archiveRepository('foreign') };
  const [a, b] = [await commit(repo.path, 'x', treeOf('x', 1)), await commit(repo.path, 'x', treeOf('x', 2))];
  await ostree(repo.path, 'static-delta', 'generate', `--from=${a}`, `--to=${b}`);
  assert.equal(await deltaStates(repo, [{ from: a, to: b }]), [{ state: 'unproven' }]);
  await makeDeltas(repo, [{ from: a, to: b }], quiet());
  assert.is((await deltaStates(repo, [{ from: a, to: b }]))[0]?.state, 'proven');
});

test('a missing commit, an unknown branch, no repository and a bare one are told apart, before anything is made', async () => {
  const repo = { path: await archiveRepository('missing') };
  const a = await commit(repo.path, 'lmp/pi', treeOf('x', 1));
  assert.is(await codeOf(makeDeltas(repo, [{ from: 'e'.repeat(64), to: a }], quiet())), 'ostree-commit-missing');
  assert.not.ok(readdirSync(repo.path).includes('deltas'));
  assert.is(await resolveRef(repo, 'lmp/pi'), a);
  assert.is(await codeOf(resolveRef(repo, 'lmp/pj')), 'ostree-ref-unknown');
  const failure = await runOstree(repo, ['static-delta', 'show', 'x']).catch((error: unknown) =>
    error instanceof ReleasePlanError ? `${error.code}: ${error.message}` : '',
  );
  assert.match(String(failure), /^tool-failed: ostree static-delta show failed \(exit code 1\): error: /);
  const path = process.env.PATH;
  process.env.PATH = scratch('no-ostree');
  symlinkSync('/usr/bin/setpriv', join(process.env.PATH, 'setpriv'));
  try {
    assert.is(await codeOf(runOstree(repo, ['refs'])), 'tool-missing');
  } finally {
    process.env.PATH = path;
  }
  assert.is(await codeOf(makeDeltas({ path: join(repo.path, 'nowhere') }, [], quiet())), 'ostree-repo-missing');
  assert.is(await codeOf(makeDeltas({ path: await clientWith(repo.path, a) }, [], quiet())), 'ostree-repo-missing');
});

test('a signed summary is not replaced by an unsigned one; with the key it is signed again', async () => {
  const repo = { path: await archiveRepository('signed') };
  const home = join(scratch('gpg'), 'home');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]) => run('gpg', ['--homedir', home, '--batch', '--yes', ...args]);
  await gpg('--passphrase', '', '--quick-generate-key', 'summary@example.org', 'ed25519', 'sign', 'never');
  const keyId = /^fpr:+([0-9A-F]{40}):/m.exec((await gpg('--with-colons', '--list-keys')).stdout)?.[1] ?? '';
  const [a, b] = [await commit(repo.path, 'x', treeOf('x', 1)), await commit(repo.path, 'x', treeOf('x', 2))];
  await ostree(repo.path, 'summary', '--update', `--gpg-sign=${keyId}`, `--gpg-homedir=${home}`);
  const signed = readFileSync(join(repo.path, 'summary.sig'));
  assert.is(await codeOf(makeDeltas(repo, [{ from: a, to: b }], quiet())), 'ostree-summary-signed');
  assert.equal(readFileSync(join(repo.path, 'summary.sig')), signed);
  const wrong = { ...repo, gpgKey: '0123456789ABCDEF', gpgHomedir: home };
  const generate = async (): Promise<void> => assert.unreachable('a delta is made before the key is tried');
  const failure = await makeDeltas(wrong, [{ from: a, to: b }], { ...quiet(), generate }).catch(
    (error: unknown) => error,
  );
  assert.ok(failure instanceof ReleasePlanError && failure.code === 'ostree-key-unusable');
  assert.match(failure.message, /^the gpg key 0123456789ABCDEF of the plan cannot sign a summary: No gpg key found/);
  assert.is(await codeOf(pruneDeltas(wrong, [{ from: a, to: b }])), 'ostree-key-unusable');
  await makeDeltas({ ...repo, gpgKey: keyId, gpgHomedir: home }, [{ from: a, to: b }], quiet());
  assert.not.equal(readFileSync(join(repo.path, 'summary.sig')), signed);
  await run('gpgconf', ['--homedir', home, '--kill', 'all'], { okCodes: [0, 1, 2] });
});

test('sizes are merged over runs, by the name of their digest, and follow a prune', async () => {
  const repo = { path: await archiveRepository('sizes') };
  const [a, b, c] = [
    await commit(repo.path, 'x', treeOf('x', 1)),
    await commit(repo.path, 'x', treeOf('x', 2)),
    await commit(repo.path, 'x', treeOf('x', 3)),
  ];
  await makeDeltas(repo, [{ from: a, to: c }], quiet());
  const first = (await publishSizes(repo, [c], () => undefined)).get(c);
  await makeDeltas(repo, [{ from: b, to: c }], quiet());
  const second = (await publishSizes(repo, [c], () => first)).get(c);
  const text = readFileSync(join(repo.path, 'delta-stats', second?.sha256 ?? ''), 'utf8');
  assert.equal(digestBytes(text), { sha256: second?.sha256, sizeBytes: second?.size });
  assert.equal(Object.keys((JSON.parse(text) as Record<string, object>)[c] ?? {}), [a, b].sort());

  assert.equal(await unrequiredDeltas(repo, [{ from: b, to: c }]), [{ from: a, to: c }]);
  await pruneDeltas(repo, [{ from: a, to: c }]);
  assert.equal([...(await advertisedDeltas(repo))], [`${b}-${c}`]);
  const third = (await publishSizes(repo, [c], () => second)).get(c);
  assert.equal([...(await readStats(repo, c, third)).keys()], [b]);
});

test('a delta under a false name is seen and replaced', async () => {
  const repo = { path: await archiveRepository('false-name') };
  const [a, b, c] = [
    await commit(repo.path, 'x', treeOf('x', 1)),
    await commit(repo.path, 'x', treeOf('x', 2)),
    await commit(repo.path, 'x', treeOf('x', 3)),
  ];
  await ostree(repo.path, 'static-delta', 'generate', `--from=${b}`, `--to=${c}`);
  const wrong = deltaFolder(repo, { from: a, to: c });
  mkdirSync(join(wrong, '..'), { recursive: true });
  renameSync(deltaFolder(repo, { from: b, to: c }), wrong);
  await makeDeltas(repo, [{ from: a, to: c }], quiet());
  const client = await clientWith(repo.path, a);
  const server = await serveWithoutObjects(repo.path);
  assert.is(await pullOverHttp(client, server.url, c).finally(() => server.close()), 0);
});

test('a delta whose client does not reach the target is removed and never shown', async () => {
  const repo = { path: await archiveRepository('wrong') };
  const [a, b] = [
    await commit(repo.path, 'x', { one: 'x' }),
    await commit(repo.path, 'x', { one: 'x', big: noise('big', 5_000_000) }),
  ];
  await ostree(repo.path, 'static-delta', 'generate', `--from=${a}`, `--to=${b}`);
  const content = await readContent(repo, { from: a, to: b });
  const [fallback = ''] = 'fallbacks' in content ? content.fallbacks : [];
  unlinkSync(join(repo.path, 'objects', fallback.slice(0, 2), `${fallback.slice(2)}.filez`));
  const byOstree = { ...quiet(), generator: { kind: 'program' } } as const;
  assert.is(await codeOf(makeDeltas(repo, [{ from: a, to: b }], byOstree)), 'tool-failed');
  assert.is(await codeOf(makeDeltas(repo, [{ from: a, to: b }], quiet())), 'ostree-object-damaged');
  assert.not(existsSync(deltaFolder(repo, { from: a, to: b })));
  assert.is((await advertisedDeltas(repo)).size, 0);
});

test('a delta of ostree itself that does not apply is told; the others are made and shown', async () => {
  const repo = { path: await archiveRepository('theirs-wrong') };
  const [a, b, c] = [
    await commit(repo.path, 'x', treeOf('x', 1)),
    await commit(repo.path, 'x', treeOf('x', 2)),
    await commit(repo.path, 'x', treeOf('x', 3)),
  ];
  await ostree(repo.path, 'static-delta', 'generate', `--from=${b}`, `--to=${c}`);
  const foreign = join(scratch('foreign'), 'delta');
  renameSync(deltaFolder(repo, { from: b, to: c }), foreign);
  const bin = scratch('wrong-ostree');
  const script = [
    '#!/bin/sh',
    '/usr/bin/ostree "$@" || exit',
    `case "$*" in *generate*--from=${a}*) cp ${foreign}/* ${deltaFolder(repo, { from: a, to: c })}/;; esac`,
  ];
  writeFileSync(join(bin, 'ostree'), script.join('\n'), { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  const byOstree = { ...quiet(), generator: { kind: 'program' } } as const;
  const pairs = [a, b].map((from) => ({ from, to: c }));
  try {
    assert.is(await codeOf(makeDeltas(repo, pairs, byOstree)), 'ostree-delta-broken');
  } finally {
    process.env.PATH = path;
  }
  assert.not(existsSync(deltaFolder(repo, { from: a, to: c })));
  assert.equal([...(await advertisedDeltas(repo))], [`${b}-${c}`]);
});

test('an interruption and a second run at once are told; what was there is served, the next run completes', async () => {
  const repo = { path: await archiveRepository('interrupted') };
  const [a, b, c] = [
    await commit(repo.path, 'x', treeOf('x', 1)),
    await commit(repo.path, 'x', treeOf('x', 2)),
    await commit(repo.path, 'x', treeOf('x', 3)),
  ];
  await makeDeltas(repo, [{ from: a, to: b }], quiet());
  const stop = new AbortController();
  const options = { ...quiet(), signal: stop.signal, progress: () => stop.abort() };
  assert.is(await codeOf(makeDeltas(repo, [{ from: b, to: c }], options)), 'interrupted');
  assert.equal([...(await advertisedDeltas(repo))], [`${a}-${b}`]);

  const lock = await takeLock(join(repo.path, '.release-plan/lock'), 'another run');
  assert.is(await codeOf(makeDeltas(repo, [{ from: b, to: c }], quiet())), 'locked');
  await lock.release();
  await makeDeltas(repo, [{ from: b, to: c }], quiet());
  assert.is((await advertisedDeltas(repo)).size, 2);
});

test('a full disk is told as such, and everything else is served as before', async () => {
  const repo = { path: await archiveRepository('full') };
  const [a, b, c] = [
    await commit(repo.path, 'x', treeOf('x', 1)),
    await commit(repo.path, 'x', treeOf('x', 2)),
    await commit(repo.path, 'x', treeOf('x', 3)),
  ];
  await makeDeltas(repo, [{ from: a, to: b }], quiet());
  const summary = readFileSync(join(repo.path, 'summary'));
  // The words of ostree 2022.7 on a full file system; a file system of its own would need root.
  const bin = scratch('full-disk');
  writeFileSync(
    join(bin, 'ostree'),
    `#!/bin/sh\ncase "$*" in *static-delta\\ generate*) echo 'error: Error writing to file descriptor: No space ` +
      `left on device' >&2; exit 1;; *) exec /usr/bin/ostree "$@";; esac\n`,
    { mode: 0o755 },
  );
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  try {
    const byOstree = { ...quiet(), generator: { kind: 'program' } } as const;
    assert.is(await codeOf(makeDeltas(repo, [{ from: b, to: c }], byOstree)), 'disk-full');
  } finally {
    process.env.PATH = path;
  }
  assert.equal([...(await advertisedDeltas(repo))], [`${a}-${b}`]);
  assert.not(existsSync(deltaFolder(repo, { from: b, to: c })));
  assert.is((await deltaStates(repo, [{ from: a, to: b }]))[0]?.state, 'proven');
  assert.ok(readFileSync(join(repo.path, 'summary')).length >= summary.length);
});

test('sizes that devices would not read are refused', async () => {
  const repo = { path: scratch('large-stats') };
  const sizes = new Map(
    Array.from({ length: 12_000 }, (_, at) => [at.toString(16).padStart(64, '0'), { size: 1, u_size: 2 }]),
  );
  assert.is(await codeOf(writeStats(repo, 'f'.repeat(64), sizes)), 'ostree-stats-too-large');
});

test('as many deltas at once as cores and memory allow, or as the plan says', () => {
  const machine = { cores: 8, freeBytes: 4_000_000_000 };
  assert.equal(
    [
      jobCount(10, undefined, BYTES_PER_JOB, machine),
      jobCount(2, undefined, BYTES_PER_JOB, machine),
      jobCount(10, 5, BYTES_PER_JOB, machine),
      jobCount(10, undefined, BYTES_PER_JOB, { cores: 1, freeBytes: 1e12 }),
      jobCount(0, undefined, BYTES_PER_JOB, machine),
      jobCount(9, undefined, BYTES_PER_JOB, { cores: 8, freeBytes: 0 }),
      jobCount(9, undefined, 500_000_000, machine),
    ],
    [3, 2, 5, 1, 1, 1, 7],
  );
});

test('as many threads of our generator as cores and memory allow, or as the plan says', () => {
  const machine = { cores: 8, freeBytes: 2_500_000_000 };
  const threads = (settings: { workers?: number; memoryBytes?: number; xz: number }): number =>
    threadCount(settings, machine);
  assert.equal(
    [
      threads({ xz: 6 }),
      threads({ xz: 2 }),
      threads({ xz: 9 }),
      threads({ xz: 6, workers: 12 }),
      threads({ xz: 6, memoryBytes: 2 ** 30 }),
      threads({ xz: 6, memoryBytes: 2 ** 30, workers: 12 }),
      threads({ xz: 6, memoryBytes: 2 ** 40, workers: 12 }),
      threads({ xz: 6, memoryBytes: 2 ** 40 }),
      threads({ xz: 9, memoryBytes: 1 }),
    ],
    [5, 6, 2, 12, 2, 2, 12, 8, 1],
  );
});

test.run();
