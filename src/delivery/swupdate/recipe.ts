import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { digestOf } from '../../text/json.ts';
import { readRegularText } from '../../io/regular.ts';
import { digestFile } from '../../io/hash.ts';
import { templatePath } from '../../io/template.ts';
import type { EngineName, Plan } from '../../core/plan.ts';

/** The guard's files, by `swu.guard`. Both guards run the shell script's text. */
const GUARD_TEMPLATES = { shell: ['check-base.sh'], lua: ['check-base.lua', 'check-base.sh'], none: [] } as const;

/** In place of an engine: of full packages, which need none. */
export const FULL = 'full package';

/** Number of the packaging code's own rules; raised when equal plans give other packages than before. */
const PACKAGING = 2;

/**
 * What a plan says of how updates are made and packed, as a digest: an update
 * of another recipe is made again. Where files lie does not count.
 */
export async function recipeOf(
  plan: Pick<Plan, 'partitions' | 'swu' | 'signing' | 'product' | 'machine'>,
  engine: EngineName | typeof FULL,
): Promise<string> {
  const { template, scripts, files, ...swu } = plan.swu;
  const guard = await Promise.all(GUARD_TEMPLATES[swu.guard].map((name) => readFile(templatePath(name), 'utf8')));
  return digestOf({
    packaging: PACKAGING,
    engine,
    product: plan.product,
    machine: plan.machine,
    partitions: plan.partitions.map(({ name, target, delta, type, update, readOnly }) => ({
      name,
      target,
      delta,
      type,
      update,
      readOnly,
    })),
    swu,
    // What own members hold counts, and not where they lie.
    scripts: await Promise.all(scripts.map(ownMember)),
    files: await Promise.all(files.map(ownMember)),
    template: await readRegularText(template ?? templatePath('sw-description.hbs')),
    guard,
    signing: plan.signing?.method ?? 'none',
  });
}

const ownMember = async <T extends { file: string }>({ file, ...rest }: T) => ({
  ...rest,
  name: basename(file),
  ...(await digestFile(file)),
});
