import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder, removed when the process ends. */
export function scratch(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `release-plan-test-${name}-`));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}
