/**
 * What the example's images are made of in tests: a copy of some of this machine's programs, made once per run, so
 * that packages which are installed or upgraded meanwhile change no image.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Tells the processes of a run where the copy is. */
const VARIABLE = 'RELEASE_PLAN_TEST_SOURCES';

/** More than any test's images take, but for the one that asks for full ones. */
const ENOUGH_BYTES = 48 * 2 ** 20;

/** Larger files would leave little room for others. */
const LARGEST_BYTES = 2 * 2 ** 20;

/** The folders that the stand-in takes programs from. */
const FOLDERS = ['usr/bin', 'usr/sbin', 'usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'];

/** Makes the copy and hands it to the processes that are started from now on; removed when this one ends. */
export function freezeSources(): void {
  const root = mkdtempSync(join(tmpdir(), 'release-plan-test-sources-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  process.env[VARIABLE] = root;
  let bytes = 0;
  for (const folder of FOLDERS) {
    for (const name of namesIn(join('/', folder))) {
      const path = join('/', folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.isFile() !== true || found.size === 0 || found.size > LARGEST_BYTES) continue;
      bytes += found.size;
      if (bytes > ENOUGH_BYTES) return;
      mkdirSync(join(root, folder), { recursive: true });
      cpSync(path, join(root, folder, name), { dereference: true, preserveTimestamps: true });
    }
  }
}

function namesIn(folder: string): string[] {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  return isThere ? readdirSync(folder).toSorted() : [];
}

/** Lines of local.conf that have images made of the copy; none outside of a run. */
export function sourceLines(): string[] {
  const root = process.env[VARIABLE];
  return root === undefined ? [] : [`STAND_IN_SOURCES = "${root}"`];
}
