/** gc where the archive is in a store: in a folder, on a server that ignores conditions of writes, on one that heeds them. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { registerArchive } from '../../../src/commands/archive/index.ts';
import { registerGc } from '../../../src/commands/gc.ts';
import { registerPlan } from '../../../src/commands/plan.ts';
import { plainDrive } from '../../../src/commands/terminal/drive-plain.ts';
import { openStore } from '../../../src/hosts/store/open.ts';
import { joinStore, StoreSession } from '../../../src/hosts/store/session.ts';
import type { WriteStore } from '../../../src/hosts/store/store.ts';
import { allOf } from '../../../src/io/several.ts';
import { gc as collect } from '../../../src/jobs/gc.ts';
import { requirePlan } from '../../../src/plan/load.ts';
import { handMade, type HandMade } from '../../support/archive.ts';
import { runCommand, type CommandRun } from '../../support/command.ts';
import { failureOf } from '../../support/failure.ts';
import { CREDENTIALS, makeBucket, startS3rver, startVersitygw } from '../../support/peers/s3.ts';
import { scratch } from '../../support/scratch.ts';

Object.assign(process.env, CREDENTIALS);
const { signal } = new AbortController();
const HOST = { env: CREDENTIALS, signal, report: () => undefined };

interface Kind {
  name: string;
  url: string | undefined;
  stop: () => Promise<void>;
}

const KINDS: Kind[] = [{ name: 'a folder', url: undefined, stop: async () => undefined }];
for (const [name, peer] of [
  ['s3rver', await startS3rver()],
  ['versitygw', await startVersitygw()],
] as const) {
  if ('skipped' in peer) process.stdout.write(`${peer.skipped}\n`);
  else KINDS.push({ name, url: peer.url, stop: peer.stop });
}

const codeOf = ({ failure }: CommandRun): string => (failure as { code?: string } | undefined)?.code ?? 'none';
const exitOf = ({ failure, exitCode }: CommandRun): number | undefined =>
  (failure as { exitCode?: number } | undefined)?.exitCode ?? exitCode;
const done = <T>(run: CommandRun): T => {
  assert.is(run.failure, undefined, String(run.failure));
  return JSON.parse(run.stdout) as T;
};
const said = ({ events }: CommandRun): string => JSON.stringify(events);

interface GcDocument {
  verdicts: Array<{ subject: string; verdict: string; why: string }>;
  trash?: string;
  store: { address: string; removed: string[]; emptied: string[] };
}
const gc = async ({ dir }: HandMade, ...flags: string[]): Promise<CommandRun> =>
  await runCommand(registerGc, ['gc', 'plan.yml', '--json', ...flags], { cwd: dir });
const archive = async (verb: string, { dir }: HandMade, ...flags: string[]): Promise<CommandRun> =>
  await runCommand(registerArchive, ['archive', verb, 'plan.yml', '--json', ...flags], { cwd: dir });

/** A run of a host begins, as `apply` does. */
async function begin({ dir }: HandMade): Promise<StoreSession> {
  const { plan } = await requirePlan('plan.yml', { cwd: dir });
  const store = await joinStore(plan, HOST);
  if (store === undefined) throw new Error('the plan names a store');
  const session = new StoreSession(plan, store, HOST);
  const identity = readFileSync(join(dir, 'artifacts/.release-plan-archive.json'), 'utf8');
  await session.begin((JSON.parse(identity) as { id: string }).id);
  return session;
}

for (const { name, url, stop } of KINDS) {
  const test = suite(`gc with a store: ${name}`);
  /** Those in which a server has no part of its own. */
  const once = url === undefined ? test : (title: string) => test.skip(title, () => undefined);
  let buckets = 0;
  test.after(stop);

  const place = async (): Promise<Record<string, unknown>> => {
    if (url === undefined) return { store: `file://${scratch('gc-store')}/store` };
    const bucket = `gc-${(buckets += 1)}`;
    await makeBucket(url, bucket);
    return { store: `s3://${bucket}/demo`, endpoint: url };
  };
  /** The plan names 0.3.0 alone, and keeps nothing beside that. */
  const RETAINING = {
    versions: [{ version: '0.3.0' }],
    deltas: [],
    retention: { keep_last: 1, keep_unrequired_deltas: false },
  };
  /** Two hosts with everything, in the store and in their folders. */
  const hosts = async (): Promise<{ a: HandMade; b: HandMade; store: WriteStore; artifacts: object }> => {
    const artifacts = await place();
    const [a, b] = [handMade(scratch('gc-a')), handMade(scratch('gc-b'))];
    for (const one of [a, b]) one.write({ artifacts, ...RETAINING });
    for (const version of ['0.1.0', '0.2.0', '0.3.0']) a.archive(version);
    a.archiveUpdate('0.1.0', '0.2.0');
    a.archiveUpdate('0.2.0', '0.3.0');
    done(await archive('push', a));
    done(await archive('pull', b));
    const { plan } = await requirePlan('plan.yml', { cwd: a.dir });
    return { a, b, store: await openStore(plan, HOST), artifacts };
  };
  const here = ({ dir }: HandMade): string[] =>
    readdirSync(join(dir, 'artifacts/board/image'))
      .filter((name) => /^\d/.test(name))
      .toSorted();
  const GONE = ['0.1.0', '0.2.0', '0.1.0 -> 0.2.0', '0.2.0 -> 0.3.0'];

  test('what gc takes leaves the store, and no run of any host brings it back', async () => {
    const { a, b } = await hosts();
    const dry = done<GcDocument>(await gc(a, '--dry-run'));
    assert.equal(dry.store.removed, ['0.1.0', '0.2.0', '0.2.0 -> 0.3.0']);
    assert.equal(here(a), ['0.1.0', '0.2.0', '0.3.0']);
    const run = done<GcDocument>(await gc(a, '--yes'));
    assert.equal(run.store.removed.toSorted(), GONE.toSorted());
    assert.equal(here(a), ['0.3.0']);
    assert.ok(existsSync(join(run.trash ?? '', '0.1.0/manifest.json')));

    await begin(a);
    assert.equal(here(a), ['0.3.0']);
    // What is there to send is named, and not sent.
    const pushed = await archive('push', b);
    assert.equal(done<{ subjects: unknown[] }>(pushed).subjects.length, 1);
    assert.match(said(pushed), /not sent, because gc removed it/);
    // Also by a host that remembers nothing of the store.
    rmSync(join(b.dir, 'artifacts/board/image/.release-plan-store.json'));
    await begin(b);
    assert.equal(here(b), ['0.3.0']);
    assert.not(existsSync(b.update('0.2.0', '0.3.0')));
    assert.ok(existsSync(join(b.dir, 'artifacts/board/image/.trash')));
    await begin(a);
    assert.equal(here(a), ['0.3.0']);
    const again = done<GcDocument>(await gc(a, '--yes'));
    assert.equal(again.store.removed, []);
    const verified = done<{ subjects: number; problems: unknown[] }>(await archive('verify', a));
    assert.equal([verified.subjects, verified.problems], [1, []]);
  });

  once('the folder of a host is no reason to keep, nor is its lack of one: the store decides', async () => {
    const { a, b, artifacts } = await hosts();
    done(await gc(a, '--yes'));
    // b has the versions still, and a command that only looks drops them.
    const looked = await runCommand(registerPlan, ['plan', 'plan.yml', '--json'], { cwd: b.dir });
    assert.is(looked.failure, undefined, String(looked.failure));
    assert.equal(here(b), ['0.3.0']);
    // c has nothing, and removes what the store has.
    const { a: other, artifacts: place } = await hosts();
    const c = handMade(scratch('gc-c'));
    c.write({ artifacts: place, ...RETAINING });
    assert.equal(done<GcDocument>(await gc(c, '--yes')).store.removed.toSorted(), GONE.toSorted());
    await begin(other);
    assert.equal(here(other), ['0.3.0']);
    assert.ok(artifacts);
  });

  once('a version that a device runs stays, in the store as well', async () => {
    const { a, b } = await hosts();
    const { plan } = await requirePlan('plan.yml', { cwd: a.dir });
    assert.ok(plan.store);
    for (const one of [a, b]) {
      one.write({ artifacts: artifactsOf(one), ...RETAINING, fleet: 'devices.json' });
      writeFileSync(
        join(one.dir, 'devices.json'),
        JSON.stringify({ devices: [{ name: 'd', version: '0.1.0', tag: 'field' }] }),
      );
    }
    const run = done<GcDocument>(await gc(a, '--yes'));
    assert.equal(run.store.removed.toSorted(), ['0.1.0 -> 0.2.0', '0.2.0', '0.2.0 -> 0.3.0']);
    await begin(b);
    assert.equal(here(b), ['0.1.0', '0.3.0']);
  });

  test('what was removed is restored with its updates, until the trash is emptied', async () => {
    const { a, b } = await hosts();
    done(await gc(a, '--yes'));
    await begin(b);
    const unknown = await archive('restore', a, '--versions', '0.9.0');
    assert.is(codeOf(unknown), 'usage');
    assert.is(codeOf(await archive('restore', a)), 'usage');
    const { restored } = done<{ restored: string[] }>(await archive('restore', a, '--versions', '0.2.0'));
    assert.equal(restored, ['0.2.0', '0.1.0 -> 0.2.0']);
    await begin(b);
    assert.equal(here(b), ['0.2.0', '0.3.0']);
    done(await archive('pull', b));
    assert.is(readFileSync(join(b.version('0.2.0'), 'rootfs.squashfs'), 'utf8'), 'image of 0.2.0');
    assert.is(readFileSync(join(b.update('0.1.0', '0.2.0'), 'x.swu'), 'utf8'), 'swu');

    for (const one of [a, b]) one.write({ artifacts: artifactsOf(one), ...RETAINING, retention: { keep_last: 3 } });
    assert.equal(done<GcDocument>(await gc(a, '--yes')).store.emptied, []);
    const { plan } = await requirePlan('plan.yml', { cwd: a.dir });
    const inAMonth = async (dryRun: boolean): Promise<string[] | undefined> => {
      const host = { ...HOST, cwd: a.dir, drive: plainDrive(() => undefined) };
      const options = { dryRun, waitMs: 0, now: new Date(Date.now() + 31 * 86_400_000), published: false };
      return (await collect(plan, host, options)).store?.emptied.toSorted();
    };
    for (const dryRun of [true, false]) assert.equal(await inAMonth(dryRun), ['0.1.0', '0.2.0 -> 0.3.0']);
    assert.equal(await inAMonth(false), []);
    assert.is(codeOf(await archive('restore', a, '--versions', '0.1.0')), 'usage');
    // The name still says that it was removed.
    b.archive('0.1.0');
    await begin(b);
    assert.equal(here(b), ['0.2.0', '0.3.0']);
  });

  test('while a version can be restored, no other takes its name; an update that is made anew does', async () => {
    const { a, b } = await hosts();
    done(await gc(a, '--yes'));
    const session = await begin(b);
    b.archive('0.1.0', { archivedAt: '2026-02-02T00:00:00.000Z' });
    const subject = { kind: 'version', version: '0.1.0' } as const;
    assert.is((await failureOf(async () => await session.send(subject))).code, 'store-removed');
    assert.is((await failureOf(async () => await session.requireNotInTrash(subject))).code, 'store-removed');
    const refused = await archive('push', b);
    assert.is(codeOf(refused), 'store-removed');
    assert.is(exitOf(refused), 4);
    rmSync(b.version('0.1.0'), { recursive: true });
    b.archiveUpdate('0.2.0', '0.3.0', { createdAt: '2026-02-02T00:00:00.000Z' });
    assert.is(await session.send({ kind: 'update', from: '0.2.0', to: '0.3.0' }), true);
    await begin(a);
    assert.ok(existsSync(join(a.update('0.2.0', '0.3.0'), 'delta-info.json')));
  });

  test('interrupted after any of its names, gc goes on where it stopped', async () => {
    const { a, b, store } = await hosts();
    const session = await begin(a);
    await session.remove([{ kind: 'update', from: '0.1.0', to: '0.2.0' }], new Date());
    await session.remove([{ kind: 'version', version: '0.1.0' }], new Date());
    // An update that another host sent to a version that was removed meanwhile goes as well.
    await session.remove([{ kind: 'version', version: '0.2.0' }], new Date());
    const orphan = (await allOf(store.list('refs'))).map(({ name }) => name);
    assert.is(orphan.length, 5);
    done(await gc(a, '--yes'));
    assert.equal(here(a), ['0.3.0']);
    assert.not(existsSync(a.update('0.2.0', '0.3.0')));
    await begin(b);
    assert.equal(here(b), ['0.3.0']);
  });

  if (url !== undefined)
    test('a store that cannot be reached: exit 5, and nothing is touched', async () => {
      const { a } = await hosts();
      a.write({ artifacts: { store: 's3://gc-none/demo', endpoint: url }, ...RETAINING });
      for (const flag of ['--dry-run', '--yes']) {
        const failed = await gc(a, flag);
        assert.is(exitOf(failed), 5, String(failed.failure));
      }
      assert.equal(here(a), ['0.1.0', '0.2.0', '0.3.0']);
      assert.not(existsSync(join(a.dir, 'artifacts/board/image/.trash')));
    });

  test.run();
}

/** What a plan says of its archive. */
const artifactsOf = ({ dir }: HandMade): unknown =>
  (parse(readFileSync(join(dir, 'plan.yml'), 'utf8')) as { artifacts: unknown }).artifacts;
