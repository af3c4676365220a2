import { EXIT, type CodeTable } from './entry.ts';

/** The command line, the plan file, and what the schema says of its keys, values and paths. */
export const planCodes = {
  'usage': {
    exit: EXIT.usage,
    about: 'The command line is invalid.',
    cure: 'See `release-plan help COMMAND`.',
    example: 'release-plan validate --format serif plan.yml   # instead: --format sarif',
  },
  'plan-not-found': {
    exit: EXIT.usage,
    about: 'The plan file does not exist or cannot be read.',
    cure: 'Check the path. `release-plan init` creates a first plan.',
    example: 'release-plan validate plans/plam.yml',
  },
  'plan-exists': {
    exit: EXIT.usage,
    about: '`init` does not overwrite an existing plan.',
    cure: 'Edit the existing plan, choose another folder, or pass another file name with --file.',
    example: 'release-plan init   # in a folder that has a plan.yml',
  },
  'plan-empty': {
    exit: EXIT.usage,
    about: 'The plan file is empty or contains only comments.',
    cure: 'Write a plan; `release-plan init` creates a first one.',
    example: '# plan.yml with only comments',
  },
  'plan-too-large': {
    exit: EXIT.usage,
    about: 'The plan file is over the size limit. A plan of a thousand versions takes a tenth of it.',
    cure: 'Check that this is a plan. If it is, split the product or drop versions that no device runs.',
    example: 'release-plan validate image.wic',
  },
  'plan-many-problems': {
    exit: EXIT.usage,
    about: 'The plan has too many problems to list; only the first ones of each kind are shown.',
    cure: 'Fix those, then validate again.',
    example: 'versions:\n  - version: 1.0   # and a thousand more without quotes',
  },
  'plan-encoding': {
    exit: EXIT.usage,
    about: 'The plan file is not UTF-8, or contains control characters that YAML does not allow.',
    cure: 'Save the file as UTF-8 and remove the character that the message names.',
    example: 'product: caf\\xe9   # Latin-1 bytes; instead: save the file as UTF-8',
  },
  'plan-mixed': {
    exit: EXIT.usage,
    about: 'The plan describes an OSTree product and a SWUpdate product at the same time.',
    cure: 'Give each product its own plan.',
    example: 'ostree: { repo: repo, branch: main }\npartitions: []   # instead: two plans',
  },
  'key-unknown': {
    exit: EXIT.usage,
    about: 'Unknown key. It is an error because a misspelt key would silently have no effect.',
    cure: 'Fix the spelling. Your own keys go at the top level and start with x-.',
    example: 'partitons: []   # instead: partitions',
  },
  'key-missing': {
    exit: EXIT.usage,
    about: 'A required key is missing.',
    cure: 'Add the key; docs/plan.md describes all of them.',
    example: 'signing:\n  method: cms\n  key: ${SWU_KEY}   # cert is missing',
  },
  'value-type': {
    exit: EXIT.usage,
    about: 'A value has the wrong type, such as a list where a string is expected.',
    cure: 'Use the type that the message names.',
    example: 'versions: "0.1.0"   # instead: versions: [{ version: "0.1.0" }]',
  },
  'value-unquoted': {
    exit: EXIT.usage,
    about:
      'A value that must be a string is a number or a boolean in YAML. Unquoted, 1.10 is the number 1.1 and 0x1F is ' +
      '31, and the original text is lost.',
    cure: 'Quote the value.',
    example: 'version: 1.10   # the number 1.1; instead: version: "1.10"',
  },
  'value-empty': {
    exit: EXIT.usage,
    about: 'A key has no value, or its list is empty.',
    cure: 'Set the value, or remove the key.',
    example: 'fleet:   # instead: fleet: fleet/devices.json, or no such line',
  },
  'value-unknown': {
    exit: EXIT.usage,
    about: 'The value is not one of those that the key accepts.',
    cure: 'Use one of the values that the message lists.',
    example: 'compress: gzp   # instead: compress: gzip',
  },
  'value-invalid': {
    exit: EXIT.usage,
    about: 'The value does not have the format that the key requires.',
    cure: 'Write it in the format that the message describes.',
    example: 'slot_size: 512 megs   # instead: slot_size: 512MiB',
  },
  'value-duplicate': {
    exit: EXIT.usage,
    about: 'A list contains the same item twice.',
    cure: 'Remove one of them.',
    example: 'tags: [promoted, promoted]   # instead: tags: [promoted]',
  },
  'path-outside': {
    exit: EXIT.usage,
    about:
      "A path leads out of the plan's project (its git repository, or else the plan's folder), through .. or a " +
      'symbolic link.',
    cure: 'Keep the files that a plan is made of in its repository. Folders on the build host may be absolute paths.',
    example: 'kas:\n  config: ../../other-product/kas.yml   # instead: a file in this repository',
  },
  'path-missing': {
    exit: EXIT.usage,
    about: 'A file or folder named in the plan does not exist.',
    cure: "Fix the path. Relative paths start at the plan's folder.",
    example: 'kas:\n  config: kas/prodcut.yml   # instead: kas/product.yml',
  },
  'path-colon': {
    exit: EXIT.usage,
    about: 'The path of a kas file contains a colon, which kas uses to separate the files of a chain.',
    cure: 'Rename the file or its folder, or write several files as a list.',
    example: 'kas:\n  config: kas/base.yml:kas/prod.yml   # instead: [kas/base.yml, kas/prod.yml]',
  },
  'placeholder-unknown': {
    exit: EXIT.usage,
    about: 'Unknown placeholder or variable, or one in a place where none is expanded.',
    cure:
      'Use {machine}, {distro}, {image} and {version} in kas.deploy, collect and file; ${NAME} only as a whole value ' +
      'under signing.',
    example: 'file: "image-{machin}.squashfs"   # instead: {machine}',
  },
  'secret-in-plan': {
    exit: EXIT.usage,
    about: 'The plan contains a private key, a PIN or a password. Plans end up in git history and in logs.',
    cure: 'Replace the secret, since it is exposed, and refer to the new one by ${NAME} or by a path.',
    example: 'key: "-----BEGIN PRIVATE KEY-----..."   # instead: key: ${SWU_KEY}',
  },
  'revision-unknown': {
    exit: EXIT.usage,
    about: '--against names neither a file nor a git revision that contains the plan.',
    cure: 'Pass a file, or a branch, tag or commit that contains the plan. In CI, fetch the revision first.',
    example: 'release-plan plan plan.yml --against orgin/main   # instead: origin/main',
  },
} satisfies CodeTable;
