import { quote, type Finding } from '../finding.ts';
import { present, type PlanSource } from '../source.ts';

/** Packages are signed, and signing has what its method needs. */
export function signingIsComplete(plan: PlanSource): Finding[] {
  const { signing } = plan;
  if (signing === undefined) return unsigned(plan);
  const findings: Finding[] = [];
  if (signing.method === 'cms' && !('cert' in signing)) {
    findings.push({
      code: 'key-missing',
      at: ['signing'],
      message: 'signing has no "cert"',
      hint: 'CMS signatures require the certificate of the key.',
    });
  }
  for (const key of ['key', 'cert', 'public'] as const) findings.push(...badReference(signing[key], key));
  return findings;
}

function unsigned(plan: PlanSource): Finding[] {
  if ('signing' in plan || 'ostree' in plan || present(plan.deltas).length === 0) return [];
  return [
    {
      code: 'signing-missing',
      severity: 'warning',
      at: ['deltas'],
      on: 'key',
      message: 'the plan has no "signing", so its .swu packages are not signed',
      hint: "A SWUpdate that checks signatures, as Debian's does, rejects them.",
    },
  ];
}

/** A `$` that is no whole `${NAME}` would be taken for a part of a file name. */
function badReference(value: string | undefined, key: string): Finding[] {
  if (value === undefined || !value.replaceAll(/\$\{[A-Za-z_][A-Za-z0-9_]*\}/g, '').includes('$')) return [];
  const name = /\$\{?([A-Za-z_][A-Za-z0-9_]*)/.exec(value)?.[1] ?? 'NAME';
  return [
    {
      code: 'placeholder-unknown',
      at: ['signing', key],
      message: `signing.${key} has a "$" that does not start a variable: ${quote(value)}`,
      hint: `Write \${${name}}, with braces.`,
    },
  ];
}
