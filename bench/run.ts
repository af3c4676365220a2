/**
 * `npm run bench -- [NAME...] [--full] [--rounds N] [--json FILE] [--into FILE]`
 *
 * Prints Markdown on standard output; --into puts it between the marks of a
 * document as well. Needs a build (`npm run build`) and the
 * Debian packages that docs/performance.md names; `--full` needs root.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { archiveBench } from './archive.ts';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { blameBench } from './blame.ts';
import { compressBench } from './compress.ts';
import { deltaBench } from './delta.ts';
import { fleetBench } from './fleet.ts';
import { formatsBench } from './formats.ts';
import { hawkbitFleetBench } from './hawkbit-fleet.ts';
import { hostsBench } from './hosts.ts';
import { imageKindsBench } from './image-kinds.ts';
import { memoryBench } from './memory.ts';
import { nightBench } from './night.ts';
import { plannerBench } from './planner.ts';
import { signatureBench } from './signature.ts';
import { staticDeltaBench } from './static-delta.ts';
import { staticDeltaWorstBench } from './static-delta-worst.ts';
import { suggestBench } from './suggest.ts';
import { markdownTable } from './table.ts';
import { validateBench } from './validate.ts';
import { worstCasesBench } from './worst-cases.ts';

/** Every bench; a new one is a file and a line here. */
const BENCHES: readonly Bench[] = [
  deltaBench,
  blameBench,
  worstCasesBench,
  memoryBench,
  signatureBench,
  compressBench,
  fleetBench,
  hawkbitFleetBench,
  imageKindsBench,
  formatsBench,
  hostsBench,
  nightBench,
  plannerBench,
  validateBench,
  staticDeltaBench,
  staticDeltaWorstBench,
  archiveBench,
  suggestBench,
];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    json: { type: 'string' },
    into: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  process.stdout.write(
    'npm run bench -- [NAME...] [--full] [--rounds N] [--json FILE] [--into ' +
      `FILE]\n\n${BENCHES.map(
        ({ name, about, onRequest }) =>
          `  ${name.padEnd(12)}  ${about}${onRequest === true ? ' (only when named)' : ''}\n`,
      ).join('')}`,
  );
} else {
  await runBenches(chosen(positionals));
}

function chosen(names: readonly string[]): readonly Bench[] {
  const unknown = names.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown !== undefined)
    throw new Error(`there is no bench ${JSON.stringify(unknown)}: ${BENCHES.map(({ name }) => name).join(', ')}`);
  return names.length === 0
    ? BENCHES.filter(({ onRequest }) => onRequest !== true)
    : BENCHES.filter(({ name }) => names.includes(name));
}

async function runBenches(benches: readonly Bench[]): Promise<void> {
  const cacheDir = fileURLToPath(new URL('../.cache/bench', import.meta.url));
  mkdirSync(cacheDir, { recursive: true });
  const workDir = mkdtempSync(`${cacheDir}/run-`);
  const settings: BenchSettings = {
    full: flags.full,
    rounds: flags.rounds === undefined ? 3 : Number(flags.rounds),
    cacheDir,
    workDir,
    note: (message) => void process.stderr.write(`${message}\n`),
  };
  const machine = machineFacts(settings);
  const results: Record<string, BenchResult> = {};
  try {
    for (const bench of benches) results[bench.name] = await bench.run(settings);
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
  const text = markdown(machine, results);
  process.stdout.write(text);
  if (flags.into !== undefined) putInto(flags.into, text, benches.length === 1 ? benches[0]?.name : undefined);
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify({ schema: 1, machine, results }, null, 2)}\n`);
}

/**
 * Replaces what stands between a document's two marks by what was measured: its tables are never typed. A bench that
 * ran alone has marks of its own where the document has some with its name.
 */
function putInto(document: string, text: string, name: string | undefined): void {
  const size = flags.full ? 'full' : 'small';
  const old = readFileSync(document, 'utf8');
  const own = `<!-- bench ${name ?? ''} ${size} -->\n`;
  const [begin, end] = [old.includes(own) ? own : `<!-- bench ${size} -->\n`, '<!-- bench end -->\n'];
  const from = old.indexOf(begin);
  const to = old.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${document} has no ${begin.trim()} ... ${end.trim()}`);
  writeFileSync(document, `${old.slice(0, from + begin.length)}\n${text}\n${old.slice(to)}`);
}

/** What a reader must know to compare: the machine, its load before the run, the programs. */
function machineFacts(settings: BenchSettings): Record<string, string> {
  const version = (command: string, ...args: string[]): string => {
    const line = execFileSync('sh', ['-c', '"$@" 2>&1 | head -1', 'sh', command, ...args], { encoding: 'utf8' }).trim();
    return line.endsWith('not found') ? 'not installed' : line;
  };
  return {
    'date': new Date().toISOString().slice(0, 10),
    'machine':
      `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} processors, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    'load before': loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
    'images': settings.full
      ? 'full: Debian before and after its security updates'
      : "small: this machine's own programs, altered",
    'rounds': String(settings.rounds),
    'node': process.version,
    'rdiff': version('rdiff', '--version'),
    'xdelta3': version('xdelta3', '-V'),
    'zstd': version('zstd', '--version'),
    'libdeflate-gzip': version('libdeflate-gzip', '-V'),
  };
}

function markdown(machine: Record<string, string>, results: Record<string, BenchResult>): string {
  const facts = Object.entries(machine)
    .map(([name, value]) => `- ${name}: ${value}\n`)
    .join('');
  const all = Object.values(results);
  const judgements = all.flatMap((result) => result.judgements);
  const tables = all.flatMap((result) => result.tables).map(markdownTable);
  const verdicts = markdownTable({
    title: flags.full
      ? 'Targets'
      : 'Targets, which were set for the large images: on small ones the start of Node.js weighs',
    columns: ['target', 'measured', 'reached'],
    rows: judgements.map((one) => [one.target, one.measured, one.reached ? 'yes' : 'NO']),
  });
  return [`${facts}`, ...tables, ...(judgements.length === 0 ? [] : [verdicts])].join('\n');
}
