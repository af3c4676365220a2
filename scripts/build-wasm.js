// Compiles every src/FOLDER/wasm/assembly/entries/NAME.ts (AssemblyScript) into
// dist/FOLDER/wasm/NAME.wasm; wasm.ts of each folder loads it by that name.
//
// All modules import a memory (env.memory, up to 4 GiB), use SIMD, and have no
// runtime: no garbage collector and no static data, so that every thread can
// instantiate them over the same bytes. Addresses are laid out by the TypeScript
// that calls them. Only what several threads work on is shared: V8 does not count
// shared memories among what it has to collect.
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['rdiff', 'static-delta'];
const SHARED = new Set(['dist/rdiff/wasm/match.wasm']);

const OPTIONS = [
  '--optimizeLevel',
  '3',
  '--shrinkLevel',
  '0',
  '--converge',
  '--noAssert',
  '--enable',
  'simd',
  '--enable',
  'threads',
  '--enable',
  'bulk-memory',
  '--importMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
  '--runtime',
  'stub',
  '--noExportMemory',
];

for (const folder of FOLDERS) {
  const entries = join(root, 'src', folder, 'wasm/assembly/entries');
  const out = join(root, 'dist', folder, 'wasm');
  mkdirSync(out, { recursive: true });
  for (const file of readdirSync(entries).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))) {
    const wasm = join(out, `${basename(file, '.ts')}.wasm`);
    const { error, stderr } = await asc.main([
      join(entries, file),
      '--outFile',
      wasm,
      ...OPTIONS,
      ...(SHARED.has(relative(root, wasm)) ? ['--sharedMemory'] : []),
    ]);
    if (error) {
      process.stderr.write(stderr.toString());
      console.error(`${file}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
