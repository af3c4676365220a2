// Compiles every src/FOLDER/wasm/assembly/entries/NAME.ts (AssemblyScript) into
// dist/FOLDER/wasm/NAME.wasm; wasm.ts of each folder loads it by that name.
//
// All modules import one shared memory (env.memory, up to 4 GiB), use SIMD and
// atomics, and have no runtime: no garbage collector and no static data, so that
// every thread can instantiate them over the same bytes. Addresses are laid out
// by the TypeScript that calls them.
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['rdiff', 'static-delta'];

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
  '--sharedMemory',
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
    const { error, stderr } = await asc.main([join(entries, file), '--outFile', wasm, ...OPTIONS]);
    if (error) {
      process.stderr.write(stderr.toString());
      console.error(`${file}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
