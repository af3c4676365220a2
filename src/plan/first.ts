import { readFile } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Partition } from '../core/plan.ts';
import { ReleasePlanError, messageOf } from '../core/errors.ts';
import { readRegularText } from '../io/regular.ts';
import { renderTemplateFile, templatePath } from '../io/template.ts';
import { schemaUrl } from './schema/schema-file.ts';

/** What is known of a product that has no plan yet. */
export interface ProductFacts {
  /** Its kas file, relative to the plan's folder. */
  kas?: string;
  product?: string;
  machine?: string;
  distro?: string;
  image?: string;
  ostree?: boolean;
}

/**
 * The text of a first plan; what nobody told is read from the kas file, or
 * stands in as Yocto's own first example.
 *
 * @param dir absolute folder that the plan will lie in
 * @throws ReleasePlanError `usage` when the kas file cannot be read
 */
export async function firstPlan(dir: string, facts: ProductFacts): Promise<string> {
  const told = facts.kas === undefined ? {} : await factsOfKasFile(resolve(dir, facts.kas));
  const machine = facts.machine ?? told.machine ?? 'qemux86-64';
  const distro = facts.distro ?? told.distro ?? 'poky';
  const image = facts.image ?? told.image ?? 'core-image-minimal';
  return await renderTemplateFile(
    templatePath('plan.yml.hbs'),
    {
      schema: schemaReference(dir).reference,
      product: facts.product ?? productOf(dir),
      machine,
      distro,
      image,
      ostree: facts.ostree === true,
      branch: `${distro}/${machine}`,
      kasConfig: facts.kas ?? `kas/${machine}_${distro}_${image}.yml`,
    },
    { yaml: (value) => yamlText(String(value)) },
  );
}

/** What a plan for images that were there before says of them. */
export interface AdoptedFacts {
  product: string;
  machine: string;
  distro: string;
  image: string;
  kas?: string;
  /** As the plan is to name it. */
  artifacts: string;
  partitions: readonly Partition[];
  /** Oldest first, at least one. */
  versions: readonly string[];
}

/**
 * The text of a plan for images that were adopted.
 *
 * @param dir absolute folder that the plan will lie in
 */
export async function adoptedPlan(dir: string, facts: AdoptedFacts): Promise<string> {
  const { machine, distro, image, versions, partitions } = facts;
  const latest = versions.at(-1);
  return await renderTemplateFile(
    templatePath('plan-adopted.yml.hbs'),
    {
      ...facts,
      schema: schemaReference(dir).reference,
      kasConfig: facts.kas ?? `kas/${machine}_${distro}_${image}.yml`,
      partitions: partitions.map(({ target, ...rest }) => ({
        versionFile: undefined,
        ...rest,
        slots: 'slots' in target ? target.slots : undefined,
        device: 'device' in target ? target.device : undefined,
      })),
      versions: versions.map((version) => ({ version, isLatest: version === latest })),
      latest: versions.length > 1 && partitions.some((one) => one.delta !== 'none') ? latest : undefined,
    },
    { yaml: (value) => yamlText(String(value)) },
  );
}

/** What a product is called whose plan lies in a folder, unless somebody says otherwise. */
export const productOf = (dir: string): string => safeName(basename(dir));

/** A text as YAML: plain where it is read as the same text, else in double quotes, which JSON's are. */
const yamlText = (text: string): string =>
  /^[A-Za-z_][A-Za-z0-9_./+-]*$/.test(text) && parse(text) === text ? text : JSON.stringify(text);

type KasFacts = Pick<ProductFacts, 'machine' | 'distro' | 'image'>;

async function factsOfKasFile(path: string): Promise<KasFacts> {
  try {
    const content: unknown = parse(await readRegularText(path), { maxAliasCount: 100 });
    const { machine, distro, target } = (content ?? {}) as Record<string, unknown>;
    const image: unknown = Array.isArray(target) ? target[0] : target;
    return Object.fromEntries(
      Object.entries({ machine, distro, image }).filter(([, value]) => typeof value === 'string'),
    );
  } catch (error) {
    throw new ReleasePlanError('usage', `cannot read the kas file ${path}: ${messageOf(error).split('\n', 1)[0]}`, {
      cause: error,
      hint: 'Check the path given to --kas; it is relative to the folder of the plan.',
    });
  }
}

/** A folder's name as a product's. */
function safeName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9._+-]+/g, '-').replace(/^[.-]+/, '');
  return safe === '' ? 'product' : safe;
}

/** Where a plan's own copy of the schema is, relative to it: for a release-plan installed outside of the project. */
export const SCHEMA_COPY = 'schemas/release-plan.schema.json';

/**
 * Where an editor finds the schema: in the project, when release-plan is
 * installed there, or in a copy beside the plan; a path elsewhere would be
 * good on this machine alone.
 *
 * @returns the reference, and whether it is to a copy that has to be made
 */
export function schemaReference(dir: string): { reference: string; isCopy: boolean } {
  const way = relative(dir, fileURLToPath(schemaUrl));
  return /^(?:\.\.\/)*node_modules\//.test(way)
    ? { reference: `./${way}`, isCopy: false }
    : { reference: `./${SCHEMA_COPY}`, isCopy: true };
}

/** The schema's text, for a copy. */
export const schemaText = async (): Promise<string> => await readFile(schemaUrl, 'utf8');
