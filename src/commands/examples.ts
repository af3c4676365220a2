/** Lines for the shell, each under what it does: `{ 'Print the steps': 'release-plan plan plan.yml' }`. */
export type Examples = Readonly<Record<string, string>>;

/**
 * The examples of a command, as the arguments of commander's `addHelpText`. Every command has two or three, beside
 * its flags; a test parses each.
 */
export const examples = (lines: Examples): ['after', () => string] => [
  'after',
  () =>
    `\nExamples:\n${Object.entries(lines)
      .map(([about, line]) => `  # ${about}\n  ${line}`)
      .join('\n\n')}`,
];
