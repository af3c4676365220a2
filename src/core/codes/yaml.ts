import { EXIT, type CodeTable } from './entry.ts';

/** The plan as YAML. */
export const yamlCodes = {
  'yaml-syntax': {
    exit: EXIT.usage,
    about: 'The plan is not valid YAML 1.2.',
    cure: 'Fix the line that the message points at: usually indentation, a missing colon or a missing quote.',
    example: 'kas: { config: kas/product.yml   # instead: kas: { config: kas/product.yml }',
  },
  'yaml-duplicate-key': {
    exit: EXIT.usage,
    about: 'The same key appears twice in one map. YAML forbids this, yet most parsers silently use the last one.',
    cure: 'Remove one of them.',
    example: 'machine: board-a\nmachine: board-b   # instead: one of the two',
  },
  'yaml-alias': {
    exit: EXIT.usage,
    about:
      'An alias (*name) or a merge (<<) refers to an anchor that is not defined above it, contains itself, or ' +
      'expands to too many values.',
    cure: 'Define the anchor (&name) further up, or write the value out.',
    example: 'versions: *common   # with no &common before it',
  },
  'yaml-tag': {
    exit: EXIT.usage,
    about: 'The plan uses a YAML tag (!name), and plans have none.',
    cure: 'Remove the tag.',
    example: 'product: !secret name   # instead: product: name',
  },
  'yaml-documents': {
    exit: EXIT.usage,
    about: 'The file contains more than one YAML document.',
    cure: 'Put each plan into its own file.',
    example: 'schema: 1\n---\nschema: 1   # instead: two files',
  },
  'yaml-limit': {
    exit: EXIT.usage,
    about: 'The plan is nested too deeply or expands to too many values; reading it could exhaust memory.',
    cure: 'Flatten it. The usual cause is aliases that expand into one another.',
    example: 'x-a: &a [x, x, x]\nx-b: &b [*a, *a, *a]   # and so on, each three times as large as the one before',
  },
} satisfies CodeTable;
