import { open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CODES } from '../core/codes/index.ts';
import type { Diagnostic, Location } from '../core/diagnostic.ts';
import { InvalidPlanError, errnoOf, messageOf } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { completePlan } from './complete.ts';
import { decodePlan, LARGEST_PLAN_BYTES } from './decode.ts';
import type { Finding, Pointer } from './finding.ts';
import { bounded, parsePlan } from './parse.ts';
import { fileRules, rules } from './rules/index.ts';
import { projectOf } from './rules/project.ts';
import { shortPath } from './source-text.ts';
import { attributed } from '../io/attribute.ts';
import { leavesOpen } from '../io/present.ts';
import { closestName } from '../text/suggest.ts';

export interface LoadOptions {
  /** What paths in diagnostics are relative to. */
  cwd: string;
  /** Whether the files that the plan names are looked for. Default: true. */
  checkFiles?: boolean;
}

export interface LoadedPlan {
  /** The checked plan; absent when there are errors. */
  plan?: Plan;
  /** Errors and warnings, in the order of the file. */
  diagnostics: Diagnostic[];
  /** Where a value of the plan stands in the file: `['versions', 0, 'version']`. */
  locate(pointer: Pointer): Location;
}

/**
 * Reads and checks a plan file. Everything that is wrong with it comes back
 * in one go, as diagnostics; nothing is thrown for a bad plan.
 *
 * @param path relative to `cwd`
 */
export async function loadPlan(path: string, options: LoadOptions): Promise<LoadedPlan> {
  const file = resolve(options.cwd, path);
  const shown = shortPath(file, options.cwd);
  const bytes = await readBounded(file, shown);
  if (!Buffer.isBuffer(bytes)) return { diagnostics: [bytes], locate: () => ({ file: shown, line: 1, column: 1 }) };

  return await checkPlan(bytes, file, options);
}

/**
 * Checks the content of a plan file, wherever it comes from.
 *
 * @param file absolute path that it has, or will have: paths in it are relative to its folder
 */
export async function checkPlan(content: Buffer, file: string, options: LoadOptions): Promise<LoadedPlan> {
  const { source, diagnostics: encoding } = decodePlan(content, file, options.cwd);
  if (encoding.length > 0) return { diagnostics: encoding, locate: () => source.locate([0, 1]) };

  const { content: plan, diagnostics, unknownKeys, locate } = await parsePlan(source);
  const dir = dirname(file);
  if (plan === undefined) return { diagnostics: inOrder(diagnostics), locate };
  const project = await projectOf(dir);
  // A key that is misspelt is told as unknown, with the one that was meant: it is not missing besides.
  const isMisspelt = (key: string): boolean => unknownKeys.some((one) => closestName(one, [key]) === key);
  const findings: Finding[] = rules
    .flatMap((rule) => rule(plan, project))
    .filter(({ missing }) => missing === undefined || !isMisspelt(missing));
  if (options.checkFiles !== false) {
    for (const rule of fileRules) findings.push(...(await rule(plan, project)));
  }
  const all = inOrder([...diagnostics, ...bounded(findings, locate)]);
  const hasErrors = all.some((one) => one.severity === 'error');
  return { ...(hasErrors ? {} : { plan: completePlan(plan, file, dir) }), diagnostics: all, locate };
}

/**
 * As {@link loadPlan}, for commands that need a sound plan.
 *
 * @throws InvalidPlanError with every diagnostic when the plan has errors
 */
export async function requirePlan(path: string, options: LoadOptions): Promise<LoadedPlan & { plan: Plan }> {
  const loaded = await loadPlan(path, options);
  if (loaded.plan === undefined) throw new InvalidPlanError(loaded.diagnostics);
  return { ...loaded, plan: loaded.plan };
}

/** Never more than one byte beyond the limit, whatever the file is. */
async function readBounded(file: string, shown: string): Promise<Buffer | Diagnostic> {
  const where: Location = { file: shown, line: 1, column: 1 };
  try {
    // Opening a pipe would wait for its writer.
    if (!(await stat(file)).isFile())
      return { code: 'plan-not-found', severity: 'error', message: `the plan ${shown} is not a file` };
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(LARGEST_PLAN_BYTES + 1);
      let length = 0;
      for (;;) {
        const from = length;
        const { bytesRead } = await attributed(
          file,
          async () => await handle.read(buffer, from, buffer.length - from, null),
        );
        length += bytesRead;
        if (bytesRead === 0 || length === buffer.length) break;
      }
      if (length <= LARGEST_PLAN_BYTES) return buffer.subarray(0, length);
      return {
        code: 'plan-too-large',
        severity: 'error',
        message: `the plan is larger than ${LARGEST_PLAN_BYTES} bytes`,
        hint: 'Split the product, or remove versions that no device runs.',
        where,
      };
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Of the machine, not of the plan.
    if (leavesOpen(error)) throw error;
    const why = errnoOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`;
    return {
      code: 'plan-not-found',
      severity: 'error',
      message: `the plan ${shown} ${why}`,
      hint: CODES['plan-not-found'].cure,
    };
  }
}

function inOrder(found: readonly Diagnostic[]): Diagnostic[] {
  const place = (one: Diagnostic): [number, number] => [one.where?.line ?? 0, one.where?.column ?? 0];
  return found.toSorted((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
}
