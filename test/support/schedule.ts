/** Schedules as their own programs and platforms read them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { scratch } from './scratch.ts';

/** What systemd-analyze complains of; it exits 0 for unknown keys too, so silence alone is a pass. */
export function unitComplaints(paths: readonly string[]): string {
  return execFileSync('sh', ['-c', 'systemd-analyze verify "$@" 2>&1 || echo "exit code $?"', 'sh', ...paths], {
    encoding: 'utf8',
  });
}

/** The arguments that systemd would start, as systemd itself parsed them. */
export function unitArguments(path: string): string[] {
  const dump = execFileSync('systemd-analyze', ['verify', path], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = /Command Line: (.*)/.exec(dump)?.[1];
  if (line === undefined) throw new Error(`no command line in ${dump}`);
  return shellArguments(line);
}

/** The words of a command line, as a shell takes them. */
export function shellArguments(line: string): string[] {
  return execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

/** An environment whose release-plan only leaves what it was given, in $SAID. */
function standIn(): { env: NodeJS.ProcessEnv; said(): string[] } {
  const dir = scratch('schedule-bin');
  const program = join(dir, 'release-plan');
  writeFileSync(program, '#!/bin/sh\nprintf "%s\\0" "$@" > "$SAID"\n');
  chmodSync(program, 0o755);
  const SAID = join(dir, 'said');
  return {
    env: { ...process.env, PATH: `${dir}:${process.env.PATH ?? ''}`, HOME: dir, SAID },
    said: () => (existsSync(SAID) ? readFileSync(SAID, 'utf8').split('\0').slice(0, -1) : []),
  };
}

/** Runs a script as a CI's runner does; what release-plan was given. */
export function runScript(script: string): string[] {
  const { env, said } = standIn();
  execFileSync('bash', ['-e', '-c', script], { env });
  return said();
}

/**
 * Runs a repository's GitLab pipeline with gitlab-ci-local, in a shell; what release-plan was given, nothing when no
 * job ran.
 */
export function runPipeline(root: string, variables: Record<string, string>): string[] {
  const { env, said } = standIn();
  const given = Object.entries(variables).flatMap(([name, value]) => ['--variable', `${name}=${value}`]);
  execFileSync(
    fileURLToPath(new URL('../../node_modules/.bin/gitlab-ci-local', import.meta.url)),
    ['--force-shell-executor', '--no-shell-isolation', ...given],
    { cwd: root, env, stdio: 'pipe' },
  );
  return said();
}

/** What GitHub's own workflow parser, with its schema, says is wrong. */
export async function githubComplaints(content: string): Promise<string[]> {
  const { parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = await import('@actions/workflow-parser');
  const { context, value } = parseWorkflow({ name: 'nightly.yml', content }, new NoOperationTraceWriter());
  if (value !== undefined) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map((one) => one.message);
}

/** Where a document breaks the schema that GitLab publishes for .gitlab-ci.yml. */
export async function gitlabComplaints(content: string): Promise<string[]> {
  // The schema as gitlab-ci-local ships it: a plain JavaScript module without types.
  const name = 'gitlab-ci-local/src/schema/schema.js';
  const { schema } = (await import(name)) as { schema: object };
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  validate(parse(content));
  return (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message ?? ''}`);
}
