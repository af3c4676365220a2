/** Git repositories for kas to fetch: a layer of our own, with as many commits as a test wants. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../support/scratch.ts';
import type { Project } from './project.ts';

export interface Fetched {
  /** What kas clones. */
  origin: string;
  /** The commits of branch main, oldest first. */
  commits: [string, string];
  /** Where kas puts it. */
  clone: string;
  /** Writes the kas file that asks for it, at the end of the chain. */
  ask(refspec: string, more?: string): void;
}

/** Runs git in a folder as a user of the test's own. */
export const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();

/** A layer `meta-extra` with two commits, which the project's chain asks for at the first. */
export function fetched(here: Project): Fetched {
  const origin = scratch('origin');
  git(origin, 'init', '--quiet', '--initial-branch=main');
  mkdirSync(join(origin, 'conf'));
  const commits = ['1', '2'].map((number) => {
    writeFileSync(join(origin, 'conf/layer.conf'), `BBFILE_COLLECTIONS += "extra"\nEXTRA = "${number}"\n`);
    git(origin, 'add', '.');
    git(origin, 'commit', '--quiet', '-m', `commit ${number}`);
    return git(origin, 'rev-parse', 'HEAD');
  });
  const [first = '', second = ''] = commits;
  const file = join(here.dir, 'kas/extra.yml');
  const ask = (refspec: string, more = ''): void => {
    const key = hasRefspecAlone(here.kas.command) ? 'refspec' : refspec === 'main' ? 'branch' : 'commit';
    writeFileSync(
      file,
      `header: {version: 1}\nrepos:\n  meta-extra:\n    url: ${origin}\n    ${key}: ${refspec}\n${more}`,
    );
  };
  ask(first);
  here.kas = { ...here.kas, config: [...here.kas.config, file] };
  return { origin, commits: [first, second], clone: join(here.dir, 'meta-extra'), ask };
}

/** kas before 4.0; later ones warn of it, and never move a branch that was asked for so. */
const hasRefspecAlone = (kas: string): boolean =>
  /^kas [123]\./.test(execFileSync(kas, ['--version'], { encoding: 'utf8' }));

/** Commits everything of the project, as products do. */
export function commitProject({ dir }: Project): string {
  writeFileSync(join(dir, '.gitignore'), 'build/\nmeta-extra/\n__pycache__/\nlog\n');
  git(dir, 'add', '.');
  git(dir, 'commit', '--quiet', '-m', 'product');
  return git(dir, 'rev-parse', 'HEAD');
}
