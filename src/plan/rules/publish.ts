import type { Finding } from '../finding.ts';
import { numbered, type PlanSource } from '../source.ts';

/** Destinations are told apart by name, in `--to` and in the record; a password has one place. */
export function destinationsAreDistinct({ publish }: PlanSource): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const [index, one] of numbered(publish)) {
    if (typeof one.name === 'string') {
      if (seen.has(one.name))
        findings.push({
          code: 'value-duplicate',
          at: ['publish', index, 'name'],
          message: `two destinations are named ${JSON.stringify(one.name)}`,
          hint: 'Give each a name of its own: --to and the record of what was published name them.',
        });
      seen.add(one.name);
    }
    if (one.password_env !== undefined && one.password_file !== undefined)
      findings.push({
        code: 'value-invalid',
        at: ['publish', index, 'password_file'],
        message: 'the password is given by password_env and by password_file',
        hint: 'Keep one of the two.',
      });
  }
  return findings;
}
