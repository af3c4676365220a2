/** Every command, in a folder and with files whose names somebody else chose: nothing of that reaches a terminal or a log. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../../src/cli.ts';
import { createProgram } from '../../src/commands/program.ts';
import { handMade } from '../support/archive.ts';
import { FOREIGN, FOREIGN_NAMES, harmIn } from '../support/foreign.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands, text of others');

let dir: string;
let plan: string;

/** Files of an image, of a package, of the fleet and of the registry bear the names; so do all folders above them. */
test.before(() => {
  dir = join(scratch('foreign'), ...FOREIGN_NAMES);
  mkdirSync(dir, { recursive: true });
  const made = handMade(dir);
  made.write({
    fleet: 'fleet.json',
    targets: 'targets.json',
    publish: [{ name: 'lab', kind: 'directory', path: 'out' }],
  });
  for (const version of ['0.1.0', '0.2.0'])
    made.archive(version, {
      warnings: [...FOREIGN],
      tools: Object.fromEntries(FOREIGN.map((one) => [one, one])),
      proof: FOREIGN.map((detail) => ({ check: 'build-version', result: 'pass' as const, detail })),
    });
  made.archiveUpdate('0.1.0', '0.2.0', {
    proof: FOREIGN.map((detail) => ({ check: 'swu-opens', result: 'pass' as const, detail })),
  });
  plan = join(dir, 'plan.yml');
  const devices = FOREIGN.map((name, index) => ({
    'uuid': name,
    name,
    'tag': name,
    'target-name': name,
    'tags': [name],
    'version': index % 2 === 0 ? name : '0.1.0',
  }));
  writeFileSync(join(dir, 'fleet.json'), JSON.stringify({ devices }));
  const targets = Object.fromEntries(
    FOREIGN.map((name, index) => [
      name,
      {
        hashes: { sha256: 'f'.repeat(64) },
        length: 0,
        custom: {
          version: `0.1.${index}`,
          name,
          tags: [name],
          hardwareIds: [name],
          targetFormat: 'BINARY',
          createdAt: name,
          uri: name,
          origUri: name,
        },
      },
    ]),
  );
  writeFileSync(
    join(dir, 'targets.json'),
    JSON.stringify({ signatures: [], signed: { _type: 'Targets', version: 1, targets } }),
  );
  makeImages();
  const names = join(dir, 'members');
  mkdirSync(names);
  for (const name of FOREIGN_NAMES) writeFileSync(join(names, name), 'x');
  const input = `${['sw-description', ...FOREIGN_NAMES].join('\0')}\0`;
  writeFileSync(join(names, 'sw-description'), `software = { version = "${'\u001b[31m'}"; };`);
  writeFileSync(
    join(dir, 'package.swu'),
    execFileSync('cpio', ['-0', '-o', '-H', 'newc', '--quiet'], { cwd: names, input }),
  );
});

function makeImages(): void {
  for (const [version, seed] of [
    ['old', 1],
    ['new', 1000],
  ] as const) {
    const root = join(dir, version);
    mkdirSync(root);
    for (const [index, name] of FOREIGN_NAMES.entries()) writeFileSync(join(root, name), noise(5000, seed + index));
    execFileSync('mksquashfs', [root, join(dir, `${version}.squashfs`), '-noappend', '-quiet', '-no-progress'], {
      stdio: 'ignore',
    });
  }
}

/** Runs the command line in this process, and keeps what it writes. */
async function run(args: readonly string[]): Promise<{ code: number; said: string }> {
  const before = { cwd: process.cwd(), out: process.stdout.write, err: process.stderr.write };
  let said = '';
  const keep = ((chunk: string | Uint8Array) => {
    said += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    return true;
  }) as typeof process.stdout.write;
  process.chdir(dir);
  process.stdout.write = keep;
  process.stderr.write = keep;
  try {
    return { code: await main(args), said };
  } finally {
    process.chdir(before.cwd);
    process.stdout.write = before.out;
    process.stderr.write = before.err;
  }
}

const at = (name: string): string => join(dir, name);

/** Command lines, each with paths that are absolute, so that whatever names a path names them. */
const LINES = (): string[][] => [
  ['apply', '--dry-run', plan],
  ['apply', '--json', '--only', 'build', plan],
  ['apply', '--nightly', plan],
  ['plan', plan],
  ['plan', '--json', plan],
  ['plan', at('absent.yml')],
  ['plan', '--against', 'HEAD', plan],
  ['plan', '--against', at('plan.yml'), plan],
  ['validate', plan],
  ['validate', '--with-archive', plan],
  ...['json', 'sarif', 'junit', 'gitlab', 'github', 'pretty'].map((format) => [
    'validate',
    '--with-archive',
    '--format',
    format,
    plan,
  ]),
  ['validate', '--format', 'github', at('fleet.json')],
  ['render', plan],
  ['render', '--stdout', plan],
  ['verify', plan],
  ['verify', '--json', plan],
  ['rebuild', plan, '0.1.0'],
  ['gc', '--dry-run', plan],
  ['gc', '--dry-run', '--json', plan],
  ['report', plan],
  ...['json', 'markdown', 'html'].map((format) => ['report', '--format', format, plan]),
  ['publish', '--dry-run', plan],
  ['publish', '--dry-run', '--json', plan],
  ...['plan', 'status'].map((verb) => ['rollout', plan, '0.2.0', verb, '--tag', FOREIGN[0] ?? '']),
  ['targets', 'list', '--plan', plan],
  ['targets', 'list', '--plan', plan, '--columns', 'name,version,tags,hardware-ids'],
  ['targets', 'list', '--plan', plan, '--raw'],
  ['targets', 'list', '--plan', plan, '--json'],
  ...FOREIGN.map((_, index) => ['targets', 'show', '--plan', plan, `0.1.${index}`]),
  ...FOREIGN.map((one) => ['targets', 'show', '--plan', plan, `${one}x`]),
  ...FOREIGN.map((one) => ['targets', 'tag', '--plan', plan, '--dry-run', '--force', '--tags', 'safe', one]),
  ['targets', 'static-deltas', '--plan', plan, '--dry-run', '0.1.3'],
  ...FOREIGN.map((one) => ['targets', 'prune', '--plan', plan, '--dry-run', '--force', one]),
  ['targets', 'suggest', '--plan', plan, '0.2.0'],
  ['changes', plan, '0.1.0', '0.2.0'],
  ['changes', '--format', 'json', plan, '0.1.0', '0.2.0'],
  ['delta', 'signature', at('old.squashfs'), at('old.sig')],
  ['delta', 'create', at('old.squashfs'), at('new.squashfs'), at('made.delta')],
  ['delta', 'apply', at('old.squashfs'), at('made.delta'), at('again.squashfs')],
  ['delta', 'apply', at('new.squashfs'), at('plan.yml'), at('no.squashfs')],
  ['delta', 'inspect', at('made.delta')],
  ['delta', 'inspect', '--json', at('made.delta')],
  ['delta', 'inspect', at('plan.yml')],
  ['delta', 'blame', at('old.squashfs'), at('new.squashfs')],
  ['delta', 'blame', '--by', 'directory', at('old.squashfs'), at('new.squashfs')],
  ['delta', 'blame', '--json', at('old.squashfs'), at('new.squashfs')],
  ['base', 'identify', '--plan', plan, at('old.sig')],
  ['base', 'identify', '--json', '--plan', plan, at('old.sig')],
  ['inspect', at('package.swu')],
  ['inspect', '--json', at('package.swu')],
  ['inspect', at('plan.yml')],
  ['schedule', '--stdout', '--kind', 'systemd', plan],
  ['schedule', '--out', at('units'), '--kind', 'systemd', plan],
  ['init', at('first')],
  ['init', at('first')],
  ['doctor'],
  ...FOREIGN.map((one) => ['explain', one]),
  ...FOREIGN.map((one) => [one, plan]),
  ...FOREIGN.map((one) => ['plan', `--${one}`, plan]),
  ['completion', 'bash'],
  ...FOREIGN.map((one) => ['worker', '--queue', one, plan]),
  ...['--gitlab', '--github', '--matrix'].map((form) => ['pipeline', form, plan]),
  ...FOREIGN.map((one) => ['make', plan, one]),
  ['make', plan, 'delta:0.1.0:0.3.0:rdiff'],
  ['archive', 'push', plan],
  ['archive', 'pull', '--json', plan],
  ['archive', 'verify', plan],
  ...FOREIGN.map((one) => ['archive', 'restore', plan, '--versions', one]),
];

test('no output of any command holds what a terminal or a log would obey', async () => {
  const problems: string[] = [];
  for (const args of LINES()) {
    const { code, said } = await run(args);
    if (code === 1 && args[0] !== 'targets') problems.push(`${args.join(' ')}: a bug: ${said}`);
    const isGithub = args.includes('github');
    const harm = harmIn(said).filter((one) => !isGithub || !/^a command: ::(error|warning) file=[^:]*::/.test(one));
    if (harm.length > 0) problems.push(`${JSON.stringify(args)}: ${harm.slice(0, 3).join('; ')}`);
  }
  assert.equal(problems, []);
});

test('and every command is among them', () => {
  const paths = (command: Command, above: readonly string[] = []): string[] =>
    command.commands
      .filter((one) => one.name() !== 'help')
      .flatMap((one) => {
        const path = [...above, one.name()];
        return one.commands.length === 0 ? [path.join(' ')] : paths(one, path);
      });
  const tried = LINES().map((args) => args.join(' '));
  assert.equal(
    paths(createProgram(async () => undefined)).filter(
      (path) => !tried.some((one) => `${one} `.startsWith(`${path} `)),
    ),
    [],
  );
});

test.run();
