/**
 * Whole runs of the command line, one folder each in test/cases/: `args` (one
 * a line), `status`, `stdout` and `stderr` as they must be to the letter. The
 * other files of the folder are its working directory. `RELEASE_PLAN_ACCEPT=1`
 * writes what was found; read the diff.
 */
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from './support/scratch.ts';

const cases = fileURLToPath(new URL('cases', import.meta.url));
const bin = fileURLToPath(new URL('../src/bin.js', import.meta.url));
const test = suite('cases');

for (const name of readdirSync(cases).sort()) {
  test(name, async () => {
    const folder = join(cases, name);
    const cwd = scratch('case');
    cpSync(folder, cwd, { recursive: true });
    const args = readFileSync(join(folder, 'args'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const result = await execa(process.execPath, [bin, ...args], {
      cwd,
      reject: false,
      stripFinalNewline: false,
      env: { NO_COLOR: '1', FORCE_COLOR: undefined },
    });
    const found = {
      status: `${result.exitCode}\n`,
      stdout: result.stdout.replaceAll(cwd, '$CWD'),
      stderr: result.stderr.replaceAll(cwd, '$CWD'),
    };
    for (const [file, text] of Object.entries(found)) {
      const path = join(folder, file);
      if (process.env.RELEASE_PLAN_ACCEPT === '1') writeFileSync(path, text);
      assert.ok(existsSync(path), `${path} is missing`);
      assert.fixture(text, readFileSync(path, 'utf8'), `${name}: ${file}`);
    }
  });
}

test.run();
