/**
 * Puts the whole program into one file, dist/bundle/cli.cjs, with V8's code
 * cache beside it: Node.js spends most of a short run on finding, reading and
 * compiling 200 modules. Runs last; docs/adr/0008 says why and how it is kept
 * from going wrong.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { loadBundle, writeCache } from '../src/bundle.cjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist/bundle');

/** The package's browser files are the same code as modules: what nobody imports stays out. The others are CommonJS, all or nothing. */
const yamlAsModules = {
  name: 'yaml as modules',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, 'node_modules/yaml/browser/dist/index.js'),
      sideEffects: false,
    })),
};

/** Large and seldom needed: a file each beside the bundle, so that short runs need not load them. */
const APART = ['@streamparser/json', 'csv-parse', 'execa', 'handlebars', 'jsonc-parser', 'tinyglobby'];
const fileOf = (name) => name.replace('/', '-');

const apart = {
  name: 'packages apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[@a-z]/ }, ({ path }) =>
      APART.includes(path) ? { path: `./${fileOf(path)}.cjs`, external: true } : undefined,
    ),
};

/** commander would start programs for subcommands that are files; there are none, and no short run starts a program. */
const noSubprograms = {
  name: 'no subprograms',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /\/commander\//.test(importer) ? { path: 'child_process', namespace: 'none' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'none' }, () => ({ contents: '' }));
  },
};

const options = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Names stay: stacks that people send in are of dist/cli.js (src/bin.js), but a crash of Node.js shows these.
  minifyWhitespace: true,
  // Of ES modules V8 takes no code cache.
  format: 'cjs',
  // jsonc-parser's other form hides its parts from bundlers.
  mainFields: ['module', 'main'],
  define: { 'import.meta.url': 'bundleUrl' },
  metafile: true,
  outdir: folder,
  outExtension: { '.js': '.cjs' },
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const packages = await build({
  ...options,
  entryPoints: APART.map((name) => ({ in: name, out: fileOf(name) })),
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
});
const { outputFiles, metafile } = await build({
  ...options,
  entryPoints: ['dist/cli.js'],
  // What is imported late is there already, or can be required; a script outside of any module cannot import.
  supported: { 'dynamic-import': false },
  // A function, so that the launcher can hand in what a CommonJS module is given.
  banner: { js: '(function (exports, require, module, bundleUrl) {' },
  footer: { js: '})' },
  plugins: [yamlAsModules, apart, noSubprograms],
  write: false,
});
const program = outputFiles[0].text;
// The launcher reads bytes as characters: for ASCII alone that is the same, and V8 keeps it in half the memory.
// oxlint-disable-next-line no-control-regex -- all of ASCII, control characters too
if (!/^[\0-\x7f]*$/.test(program)) throw new Error('the bundle holds characters beyond ASCII');
const foreign = Object.values(metafile.outputs)
  .flatMap(({ imports }) => imports)
  .filter(({ path }) => !isBuiltin(path) && !path.startsWith('./'));
if (foreign.length > 0)
  throw new Error(`the bundle is not whole: it takes ${foreign.map(({ path }) => path).join(', ')} from elsewhere`);
const misplaced = Object.keys(metafile.inputs).filter(
  (input) =>
    input.startsWith('dist/') &&
    input.split('/').length !== 3 &&
    readFileSync(join(root, input), 'utf8').includes('import.meta.url'),
);
if (misplaced.length > 0)
  throw new Error(
    `${misplaced.join(', ')}: modules that look for files by import.meta.url lie two folders deep, as the bundle does (src/io/package.ts)`,
  );

const id = createHash('sha256').update(program).digest('hex').slice(0, 16);
writeFileSync(join(folder, 'cli.cjs'), `/*${id}*/${program}`);
writeFileSync(
  join(folder, 'LICENSES.txt'),
  licences([...Object.keys(metafile.inputs), ...Object.keys(packages.metafile.inputs)]),
);
await cache();

/** What V8 has compiled once the usual ways were gone: the plan's, from `validate`, and no others, since what is in the cache is loaded each time. */
async function cache() {
  const { main, script, cacheFile } = loadBundle(folder);
  const write = process.stdout.write;
  process.stdout.write = () => true;
  try {
    const exitCode = await main([
      'validate',
      join(root, 'examples/tolomeo/plan.yml'),
      join(root, 'examples/lmp/plan.yml'),
    ]);
    if (exitCode !== 0) throw new Error(`the bundle does not work: validating the examples ended with ${exitCode}`);
  } finally {
    process.stdout.write = write;
  }
  writeCache(cacheFile, script);
}

/** The licence of each package that is in the bundle, as they all demand. */
function licences(inputs) {
  const packages = [
    ...new Set(inputs.flatMap((input) => /^node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input) ?? [])),
  ].sort();
  return packages
    .map((path) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
      const file = readdirSync(join(root, path)).find((one) => /^licen[cs]e/i.test(one));
      return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(root, path, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
