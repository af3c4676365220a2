import { EXIT, type CodeTable } from './entry.ts';

/** The plan's rules on versions, tags and deltas. */
export const versionCodes = {
  'version-invalid': {
    exit: EXIT.usage,
    about:
      'Not a valid version. Versions are written into local.conf and into paths, so only semantic versions, dotted ' +
      'numbers and plain integers are accepted.',
    cure: 'Write it as 1.2.3, 1.2.3-rc.1, 2024.04 or 9, in quotes.',
    example: 'version: "${@1+1}"   # instead: version: "1.2.3"',
  },
  'version-duplicate': {
    exit: EXIT.usage,
    about: 'Two versions are the same, or have the same precedence, so neither is newer than the other.',
    cure: 'Remove one, or change a number or the prerelease.',
    example: 'versions:\n  - version: "1.1"\n  - version: "1.01"   # the same number; instead: "1.2"',
  },
  'version-mixed': {
    exit: EXIT.usage,
    about: 'The plan mixes integers (9) with dotted versions (1.2.3), which cannot be ordered.',
    cure: 'Use one scheme throughout the plan.',
    example: 'versions:\n  - version: "9"\n  - version: "0.2.0"   # instead: "10", or 0.1.0 for the first',
  },
  'version-unknown': {
    exit: EXIT.usage,
    about: 'A delta starts from or leads to a version that is not in the plan.',
    cure: 'Fix the version, or add it to `versions`: both ends of a delta must be archived.',
    example: 'deltas:\n  - to: "0.2.1"   # instead: "0.2.0", which the plan lists',
  },
  'version-unproven': {
    exit: EXIT.ok,
    about:
      'No partition has a version_file. kas also exits 0 after a stale build, so without one nothing shows that an ' +
      'image really is the version that it is archived as.',
    cure: 'Give a partition a version_file, such as /etc/buildinfo.',
    example: 'partitions:\n  - name: rootfs   # add: version_file: /etc/buildinfo',
  },
  'version-tag-unknown': {
    exit: EXIT.usage,
    about: 'A delta starts from a tag that no version in the plan has.',
    cure: 'Fix the tag, or add it to a version.',
    example: 'from: { tag: promted }   # instead: { tag: promoted }',
  },
  'delta-self': {
    exit: EXIT.usage,
    about: 'A delta starts from the version that it leads to.',
    cure: 'Remove that version from the list.',
    example: 'to: "0.2.0"\nfrom: ["0.2.0"]   # instead: ["0.1.0"]',
  },
  'delta-downgrade': {
    exit: EXIT.usage,
    about: 'A delta leads to a version that is not newer than the one it starts from.',
    cure: 'Swap the two versions, or remove the delta.',
    example: 'to: "0.1.0"\nfrom: ["0.2.0"]   # instead: to "0.2.0" from ["0.1.0"]',
  },
  'delta-duplicate': {
    exit: EXIT.usage,
    about: 'Two rules select the same delta. Each delta is made once, and with two engines the choice is ambiguous.',
    cure: 'Remove it from one of the rules.',
    example:
      'deltas:\n  - { to: "0.2.0", from: ["0.1.0"] }\n' +
      '  - { to: "0.2.0", from: { previous: 1 }, engine: kas }   # the same delta by another engine',
  },
  'delta-empty': {
    exit: EXIT.ok,
    about: 'A tag, range or count matches no version older than the target, so the rule makes no delta.',
    cure: 'Fix the selection, or remove the rule.',
    example: 'to: "0.1.0"\nfrom: { previous: 3 }   # there is no version before the first',
  },
  'delta-range-invalid': {
    exit: EXIT.usage,
    about: 'Not a valid version range.',
    cure: "Use the syntax of npm's semver: >=0.1.0 <0.2.0, ^1.2, 1.x || 3.x.",
    example: 'from: { range: "0.1.0 to 0.2.0" }   # instead: ">=0.1.0 <0.2.0"',
  },
  'engine-unsuited': {
    exit: EXIT.usage,
    about: 'This delta engine does not work with the rest of the plan, or lacks a setting that it requires.',
    cure: 'Add the setting, or choose another engine.',
    example: 'engine: kas   # without kas.delta_config',
  },
} satisfies CodeTable;
