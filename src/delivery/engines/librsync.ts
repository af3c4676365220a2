/** Proof by librsync, which SWUpdate's rdiff handler links: its program `rdiff`, as Debian packages it. */
import { createHash } from 'node:crypto';
import type { Proof } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { startProgram } from '../../io/children.ts';
import { toolEnvironment } from '../../io/environment.ts';
import { missingTool } from '../../io/tools.ts';
import type { DeltaInput } from './engine.ts';
import { orNotInstalled } from './installed.ts';

const PROGRAM = 'rdiff';

/**
 * Applies a delta by `rdiff patch` and compares the result's sha256 with the target's.
 *
 * @throws ReleasePlanError `delta-unproven` when librsync refuses the delta or gives another result
 */
export async function proveWithLibrsync(input: DeltaInput, delta: string, signal: AbortSignal): Promise<Proof> {
  return await orNotInstalled('librsync-applies', PROGRAM, async () => {
    const { sha256, exitCode, stderr } = await digestOfOutput(PROGRAM, ['patch', input.base.path, delta, '-'], signal);
    if (exitCode === 0 && sha256 === input.target.sha256)
      return { check: 'librsync-applies', result: 'pass', detail: `${input.partition}: rdiff patch gives the target` };
    throw new ReleasePlanError(
      'delta-unproven',
      `${input.partition}: rdiff patch ${
        exitCode === 0
          ? `gives sha256 ${sha256}, expected ${input.target.sha256}`
          : `failed with exit code ${exitCode}: ${stderr.trim()}`
      }`,
    );
  });
}

/** Runs a program and hashes what it prints, which may be gigabytes. */
function digestOfOutput(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ sha256: string; exitCode: number; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = startProgram(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment(), signal });
    const hash = createHash('sha256');
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => hash.update(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', (error) =>
      reject('code' in error && error.code === 'ENOENT' ? missingTool(command, error) : error),
    );
    child.once('close', (code, by) => {
      // Killed, when memory ran out perhaps: it has said nothing of the delta.
      if (code === null) reject(new ReleasePlanError('tool-failed', `${command} ${args[0]} was ended by ${by}`));
      else resolve({ sha256: hash.digest('hex'), exitCode: code, stderr: Buffer.concat(stderr).toString('utf8') });
    });
  });
}
