/** Writes the manual pages to dist/man, from the same declarations that `--help` prints. Runs after the compiler. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeChoices } from '../dist/commands/choices.js';
import { manPages } from '../dist/commands/man-page.js';
import { createProgram } from '../dist/commands/program.js';
import { packageVersion } from '../dist/io/package.js';

const folder = join(fileURLToPath(new URL('..', import.meta.url)), 'dist/man');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const program = createProgram(async () => undefined);
await describeChoices(program);
for (const { file, text } of manPages(program, packageVersion())) writeFileSync(join(folder, file), text);
