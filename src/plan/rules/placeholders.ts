import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, type PlanSource } from '../source.ts';
import { suggestion } from '../../text/suggest.ts';
import { pathsOf } from './path-keys.ts';

/** What {name} can stand for in `deploy`, `file` and `collect`. */
export const PLACEHOLDERS = ['machine', 'distro', 'image', 'version'] as const;

/** Placeholders are known, and stand where they are replaced. */
export function placeholdersKnown(plan: PlanSource): Finding[] {
  const texts: Array<{ at: Pointer; text: string; replaced: boolean }> = [
    ...pathsOf(plan).map(({ at, path, takesPlaceholders = false }) => ({
      at,
      text: path,
      replaced: takesPlaceholders,
    })),
    ...numbered(plan.collect).map(([index, text]) => ({ at: ['collect', index], text, replaced: true })),
    ...numbered(plan.partitions).flatMap(([index, { file }]) =>
      file === undefined ? [] : [{ at: ['partitions', index, 'file'], text: file, replaced: true }],
    ),
  ];
  return texts.flatMap(({ at, text, replaced }) => [
    ...variables(at, text),
    ...(replaced ? unknown(at, text) : misplaced(at, text)),
  ]);
}

function unknown(at: Pointer, text: string): Finding[] {
  const names = [...text.matchAll(/(?<!\$)\{(\w*)\}/g)].map((match) => match[1] ?? '');
  return names
    .filter((name) => !(PLACEHOLDERS as readonly string[]).includes(name))
    .map((name) => ({
      code: 'placeholder-unknown',
      at,
      message: `${formatPointer(at)} has the unknown placeholder ${quote(`{${name}}`)}`,
      hint: suggestion(name, PLACEHOLDERS, 'placeholders'),
    }));
}

function misplaced(at: Pointer, text: string): Finding[] {
  const found = PLACEHOLDERS.find((name) => text.includes(`{${name}}`));
  if (found === undefined) return [];
  return [
    {
      code: 'placeholder-unknown',
      at,
      message: `${formatPointer(at)} has the placeholder {${found}}, which is not expanded there`,
      hint: 'Placeholders are expanded in kas.deploy, collect and the file of a partition; write the value here.',
    },
  ];
}

function variables(at: Pointer, text: string): Finding[] {
  const [found] = /\$\{\w*\}/.exec(text) ?? [];
  if (found === undefined) return [];
  return [
    {
      code: 'placeholder-unknown',
      at,
      message: `${formatPointer(at)} has the variable ${quote(found)}, which is not expanded there`,
      hint: 'Environment variables are expanded under `signing` only, so that a plan means the same on every machine.',
    },
  ];
}
