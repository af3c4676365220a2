import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

process.once('exit', () => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

/** A new empty folder, removed when the process ends. */
export function scratch(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `release-plan-test-${name}-`));
  made.push(path);
  return path;
}
