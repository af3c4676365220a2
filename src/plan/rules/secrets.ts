import { formatPointer, type Finding, type Pointer } from '../finding.ts';

const SECRETS: ReadonlyArray<readonly [pattern: RegExp, what: string, cure: string]> = [
  [
    /-----BEGIN [A-Z ]*PRIVATE KEY/,
    'a private key',
    'Create a new key, since this one is exposed, and keep it in a file outside of the repository or in the ' +
      'environment: `key: ${NAME}`.',
  ],
  [
    /[?&;]pin-value=/,
    'the PIN of a PKCS#11 token',
    'Use pin-source, or put the whole URI into the environment: `key: ${NAME}`.',
  ],
  [
    /(?:^|\s)(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64})\s+[0-9a-fA-F]{32}(?:\s|$)/,
    'an encryption key',
    'Keep it in a file outside of the repository, or in the environment: `key: ${NAME}`. This one is known to all ' +
      'who can read the plan: replace it.',
  ],
  [/:\/\/[^\s/:@$]+:[^\s/@$]+@/, 'a password in a URL', 'Let the command read it from the environment.'],
];

/**
 * What is secret in a plan, which is in git and in logs. Its value is never quoted.
 *
 * @param plan as written, also what the schema refuses
 */
export function secretsIn(plan: unknown): Finding[] {
  const findings: Finding[] = [];
  const visit = (value: unknown, at: Pointer): void => {
    if (typeof value === 'string') {
      const found = SECRETS.find(([pattern]) => pattern.test(value));
      if (found !== undefined)
        findings.push({
          code: 'secret-in-plan',
          at,
          on: 'key',
          message: `${formatPointer(at)} contains ${found[1]}`,
          hint: found[2],
        });
    } else if (Array.isArray(value)) value.forEach((one, index) => visit(one, [...at, index]));
    else if (value !== null && typeof value === 'object')
      for (const [key, one] of Object.entries(value)) visit(one, [...at, key]);
  };
  visit(plan, []);
  return findings;
}
