/** An archive is read once: afterwards it is looked at, and only what is built on is read again. */
import { existsSync, lstatSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LedgerEntry } from '../../src/archive/ledger.ts';
import { memoryFile } from '../../src/archive/memory.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import { deliveryOf } from '../../src/delivery/index.ts';
import { readInputs } from '../../src/delivery/inputs.ts';
import { rememberedReading } from '../../src/jobs/remembered.ts';
import { openSealedJson, sealJson } from '../../src/text/json.ts';
import { archivedProduct, type ArchivedProduct } from '../support/archived.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('what was read before');

let here: ArchivedProduct;
let memory: string;
let archivedBytes: number;

/** How many bytes of archived files a command reads that only looks, and what it warns of. */
async function look(): Promise<{ bytes: number; warnings: string[] }> {
  const plan = await here.load();
  const warnings: string[] = [];
  const report = (event: ReleaseEvent): void => void (event.type === 'warning' && warnings.push(event.message));
  const host = { env: process.env, signal: new AbortController().signal, report };
  let bytes = 0;
  const reading = { ...(await rememberedReading(plan, host)), onBytes: (more: number) => void (bytes += more) };
  const { archive } = await deliveryOf(plan).survey(await readInputs(plan, host), host, { reading });
  assert.ok([...archive.versions.values(), ...archive.updates.values()].every((one) => one.state === 'whole'));
  return { bytes, warnings };
}

interface Memory {
  schema: 1;
  files: Record<string, LedgerEntry>;
  nights: object;
}

/** Changes what is remembered, as anybody may who may write into the archive: its seal has no key. */
function forge(change: (memory: Memory) => void): void {
  const opened = openSealedJson(readFileSync(memory, 'utf8'));
  if ('problem' in opened) throw new Error(opened.problem);
  const value = opened.value as unknown as Memory;
  change(value);
  writeFileSync(memory, sealJson(value));
}

test.before(async () => {
  here = await archivedProduct('remembered', ['0.1.0', '0.2.0']);
  memory = memoryFile(await here.load());
  const remembered = readFileSync(memory, 'utf8');
  rmSync(memory);
  archivedBytes = (await look()).bytes;
  assert.ok(archivedBytes > 400_000, 'two images, and an update');
  writeFileSync(memory, remembered);
});

test('what apply made or read is not read again by a command that looks', async () => {
  assert.equal(await look(), { bytes: 0, warnings: [] });
  rmSync(memory);
  assert.is((await look()).bytes, archivedBytes);
  assert.not.ok(existsSync(memory), 'a command that looks writes nothing');
  const run = await here.run(['apply', 'plan.yml']);
  assert.is(run.exitCode, 0, run.stderr);
  assert.is((await look()).bytes, 0);
});

test('a file that was touched, or replaced by its like, is read again, and no other', async () => {
  const image = here.image('0.1.0');
  const { size } = lstatSync(image);
  utimesSync(image, new Date(), new Date());
  assert.is((await look()).bytes, size);
  const content = readFileSync(image);
  rmSync(image);
  writeFileSync(image, content);
  assert.is((await look()).bytes, size);
  assert.is((await here.run(['apply', 'plan.yml'])).exitCode, 0);
  assert.is((await look()).bytes, 0);
});

for (const [what, change] of [
  ['another device', (one: LedgerEntry) => void (one.dev = '999999')],
  ['another inode', (one: LedgerEntry) => void (one.ino = '1')],
  ['another time', (one: LedgerEntry) => void (one.mtimeNs = '1')],
  ['another time of change', (one: LedgerEntry) => void (one.ctimeNs = '1')],
  ['another manifest', (one: LedgerEntry) => void (one.manifest = 'f'.repeat(64))],
  ['another content', (one: LedgerEntry) => void (one.sha256 = 'f'.repeat(64))],
  ['a day to come', (one: LedgerEntry) => void (one.readAt = '2999-01-01T00:00:00.000Z')],
  ['no manifest, as earlier releases', (one: Partial<LedgerEntry>) => void delete one.manifest],
] as const)
  test(`what is remembered of ${what} is not believed`, async () => {
    const before = readFileSync(memory);
    forge(({ files }) => Object.values(files).forEach((one) => change(one)));
    assert.equal(await look(), { bytes: archivedBytes, warnings: [] });
    writeFileSync(memory, before);
  });

test('a memory that was altered is told, and everything is read', async () => {
  const before = readFileSync(memory, 'utf8');
  writeFileSync(memory, before.replace(/"sizeBytes": (\d)/, '"sizeBytes": 1$1'));
  const { bytes, warnings } = await look();
  assert.is(bytes, archivedBytes);
  assert.match(
    warnings[0] ?? '',
    'state.json was modified: it does not match its own digest; the whole archive is read',
  );
  writeFileSync(memory, before);
});

test('whoever forges the memory can hide damage from a look, and has nothing made of it', async () => {
  const image = here.image('0.1.0');
  const aside = join(scratch('remembered-aside'), 'image');
  const whole = readFileSync(image);
  writeFileSync(aside, whole);
  const altered = Buffer.from(whole);
  altered.writeUInt8(altered.readUInt8(1000) ^ 1, 1000);
  writeFileSync(image, altered);
  const { mtimeNs, ctimeNs } = lstatSync(image, { bigint: true });
  forge(({ files }) => {
    const entry = Object.entries(files).find(([name]) => image.endsWith(name))?.[1];
    if (entry === undefined) throw new Error('the image is not remembered');
    entry.mtimeNs = String(mtimeNs);
    entry.ctimeNs = String(ctimeNs);
  });
  assert.match((await here.run(['plan', 'plan.yml'])).stdout, 'nothing to do');
  // An update from it is to be made: now it is read.
  rmSync(here.update('0.1.0'), { recursive: true });
  const run = await here.run(['apply', 'plan.yml']);
  assert.is.not(run.exitCode, 0);
  assert.match(run.stderr + run.stdout, `${image} was modified`);
  assert.not.ok(existsSync(here.update('0.1.0')));
  // And it is known from there on.
  assert.match((await here.run(['report', 'plan.yml'])).stdout, 'was modified');
  assert.is((await here.run(['verify', 'plan.yml'])).exitCode, 4);
});

test.run();
