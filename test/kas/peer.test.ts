/**
 * The kas tests again with the latest kas, which Debian 12 does not have: installed into `.cache/` once. Where no
 * package index can be reached, this says so and tests nothing.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('kas: a later kas');
const VERSION = '5.5';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = fileURLToPath(new URL(`../../.cache/kas-${VERSION}`, import.meta.url));
const INSTALL_MS = 180_000;
/** What depends on how kas behaves. */
const FILES = '^kas/(traps|pins|build|stop|watch|idle-server|fragments|provenance|bitbake)\\.test';

const call = promisify(execFile);

/** The program, or why there is none. */
async function install(): Promise<{ kas: string } | { reason: string }> {
  const kas = `${FOLDER}/bin/kas`;
  try {
    if (!existsSync(kas)) {
      await call('python3', ['-m', 'venv', '--clear', FOLDER], { timeout: INSTALL_MS });
      await call(`${FOLDER}/bin/pip`, ['install', '--quiet', `kas==${VERSION}`], { timeout: INSTALL_MS });
    }
    const { stdout } = await call(kas, ['--version']);
    return stdout.startsWith(`kas ${VERSION} `) ? { kas } : { reason: `${kas} is ${stdout.trim()}` };
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

// The tests that this one starts do not start themselves.
if (process.env.RELEASE_PLAN_KAS === undefined)
  test(`the kas tests pass with kas ${VERSION}`, async () => {
    const installed = await install();
    if ('reason' in installed) {
      process.stdout.write(`skipped: kas ${VERSION} cannot be installed: ${installed.reason}\n`);
      return;
    }
    const args = ['--import', 'tsx', 'test/run.ts', FILES];
    const env = { ...process.env, RELEASE_PLAN_KAS: installed.kas };
    const { stdout } = await call(process.execPath, args, { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
    );
    assert.match(stdout, /\n\d+ passed, 0 failed\n$/, stdout.slice(stdout.indexOf('FAIL')));
  });
else test('is the one that these tests run with', () => assert.ok(existsSync(process.env.RELEASE_PLAN_KAS ?? '')));

test.run();
