/**
 * Every code that a diagnostic or an error can carry, with the process exit
 * code it ends in and what `release-plan explain CODE` says of it.
 *
 * The one table: a new code is one entry here, and a test holds that each is
 * raised by some test.
 */

/** Exit codes of the command line; scripts and CI rely on them. */
export const EXIT = {
  ok: 0,
  bug: 1,
  /** `targets` answers as fioctl does, whose scripts expect 1 when it finds nothing to do. */
  fioctl: 1,
  usage: 2,
  build: 3,
  inconsistent: 4,
  environment: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface CodeEntry {
  exit: ExitCode;
  /** What went wrong and why it matters, in a sentence or two. */
  about: string;
  /** What the user does about it. */
  cure: string;
}

const entry = (exit: ExitCode, about: string, cure: string): CodeEntry => ({ exit, about, cure });

const codes = {
  // --- usage -----------------------------------------------------------------
  'usage': entry(EXIT.usage, 'The command line is wrong.', 'See `release-plan help COMMAND`.'),
  'plan-not-found': entry(
    EXIT.usage,
    'The plan file does not exist or cannot be read.',
    'Check the path; `release-plan init` writes a first plan.',
  ),

  // --- plan: the file ----------------------------------------------------------
  'plan-exists': entry(
    EXIT.usage,
    '`init` found a plan already and does not overwrite it.',
    'Edit it, name another folder, or write the new plan under another name with --file.',
  ),
  'plan-empty': entry(
    EXIT.usage,
    'The plan file holds nothing but comments, if that.',
    'Write a plan; `release-plan init` makes a first one.',
  ),
  'plan-too-large': entry(
    EXIT.usage,
    'The plan file is larger than any plan needs to be; a thousand versions take a tenth of the limit.',
    'Split the product, or drop versions that no device runs.',
  ),
  'plan-many-problems': entry(
    EXIT.usage,
    'The plan has more problems than anyone would read; the first ones of each kind are told.',
    'Correct those that are told, and look again.',
  ),
  'plan-encoding': entry(
    EXIT.usage,
    'The plan file is not UTF-8, or has characters that cannot be seen and that YAML does not allow.',
    'Save it as UTF-8 and remove the named character.',
  ),
  'yaml-syntax': entry(
    EXIT.usage,
    'The plan is not valid YAML 1.2.',
    'Correct the named place; often it is the indentation, a missing colon or a missing quote.',
  ),
  'yaml-duplicate-key': entry(
    EXIT.usage,
    'A key stands twice in the same map; YAML allows it once, and most readers silently take the last.',
    'Keep one of the two.',
  ),
  'yaml-alias': entry(
    EXIT.usage,
    'An alias (*name) or a merge (<<) names nothing that stands before it, names what it is part of, or expands ' +
      'beyond measure.',
    'Define the anchor (&name) earlier, or write the value out.',
  ),
  'yaml-tag': entry(EXIT.usage, 'The plan uses a YAML tag (!name) that means nothing in a plan.', 'Remove the tag.'),
  'yaml-documents': entry(EXIT.usage, 'The file holds several YAML documents.', 'Give each plan a file of its own.'),
  'yaml-limit': entry(
    EXIT.usage,
    'The plan is nested deeper, or holds more values, than any plan needs; reading it could exhaust the machine.',
    'Write it flatter. Aliases that expand into each other are the usual reason.',
  ),

  // --- plan: the schema --------------------------------------------------------
  'key-unknown': entry(
    EXIT.usage,
    'The plan has a key that release-plan does not know. It is no comment: a misspelt key would silently ' +
      'have no effect.',
    'Correct the spelling; keys of your own start with x- and stand at the top.',
  ),
  'key-missing': entry(
    EXIT.usage,
    'The plan lacks a key that is needed here.',
    'Add the key; docs/plan.md and the schema describe it.',
  ),
  'value-type': entry(
    EXIT.usage,
    'A value is of another kind than its key takes: a list instead of a text, and the like.',
    'Write the kind that the message names.',
  ),
  'value-unquoted': entry(
    EXIT.usage,
    'A value that must be a text is a number or a truth value in YAML: 1.10 is the number 1.1, 0x1F is 31, and the ' +
      'text is lost.',
    'Put it into quotes.',
  ),
  'value-empty': entry(EXIT.usage, 'A key has no value, or an empty list.', 'Write the value, or leave the key out.'),
  'value-unknown': entry(
    EXIT.usage,
    'A value is none of the few that its key takes.',
    'Use one of the values that the message names.',
  ),
  'value-invalid': entry(
    EXIT.usage,
    'A value does not have the form that its key takes.',
    'Write it as the message says.',
  ),
  'value-duplicate': entry(EXIT.usage, 'A list names the same thing twice.', 'Remove one of the two.'),

  // --- plan: the rules ---------------------------------------------------------
  'version-invalid': entry(
    EXIT.usage,
    'This is no version that release-plan accepts. Versions become code in local.conf and parts of paths, so only ' +
      'semantic versions, dotted numbers and plain integers get through.',
    'Write it as 1.2.3, 1.2.3-rc.1, 2024.04 or 9, in quotes.',
  ),
  'version-duplicate': entry(
    EXIT.usage,
    'Two versions of the plan are the same, or equally new: an update needs an older and a newer one.',
    'Remove one, or tell them apart by a number or a prerelease.',
  ),
  'version-mixed': entry(
    EXIT.usage,
    'The plan counts its versions in two ways (9 and 1.2.3); which of them is newer cannot be told.',
    'Use one way of counting in a plan.',
  ),
  'version-unknown': entry(
    EXIT.usage,
    'A delta starts from or leads to a version that the plan does not list.',
    'Correct it, or add the version to the plan: deltas need both archived.',
  ),
  'version-unproven': entry(
    EXIT.ok,
    'No partition says which file in its image holds BUILD_VERSION. kas exits 0 after a stale build too, so nothing ' +
      'would prove that an image is the version it is archived as.',
    'Give a partition a version_file, such as /etc/buildinfo.',
  ),
  'version-tag-unknown': entry(
    EXIT.usage,
    'A delta starts from a tag that no version of the plan has.',
    'Correct the tag, or give it to a version.',
  ),
  'delta-self': entry(EXIT.usage, 'A delta leads from a version to itself.', 'Remove it.'),
  'delta-downgrade': entry(
    EXIT.usage,
    'A delta leads from a version to one that is not newer.',
    'Swap the two, or remove the delta.',
  ),
  'delta-duplicate': entry(
    EXIT.usage,
    'Two rules want the same delta. It is made once; with different engines it cannot be told by which.',
    'Remove it from one of the two rules.',
  ),
  'delta-empty': entry(
    EXIT.ok,
    'A tag, range or count selects no version that is older than the target, so the rule makes no delta.',
    'Correct the selection, or remove the rule.',
  ),
  'delta-range-invalid': entry(
    EXIT.usage,
    'A range of versions cannot be read.',
    "Write it in the notation of npm's semver: >=0.1.0 <0.2.0, ^1.2, 1.x || 3.x.",
  ),
  'engine-unsuited': entry(
    EXIT.usage,
    'The engine of a delta does not suit the plan, or lacks a setting that it needs.',
    'Add the setting, or choose another engine.',
  ),
  'plan-mixed': entry(
    EXIT.usage,
    'The plan describes an OSTree product and an SWUpdate product at once.',
    'Give each its own plan file.',
  ),
  'partition-duplicate': entry(
    EXIT.usage,
    'Two partitions, or a partition and the archive itself, use the same name or file.',
    'Give each its own.',
  ),
  'partition-target': entry(
    EXIT.usage,
    'A partition does not say clearly where it is written: two slots for A/B, or one device.',
    'Write either slots, or device (with base for a delta).',
  ),
  'partition-device-shared': entry(
    EXIT.usage,
    'A device is written by two partitions, or is written while it serves as the base of a delta.',
    'Give each its own device.',
  ),
  'partition-writable': entry(
    EXIT.usage,
    'A partition is updated by delta although the device may write to it. Then its content is no longer the base ' +
      'that the delta was made for, and SWUpdate does not notice.',
    'Write read_only: true if the device mounts it read-only, or delta: none.',
  ),
  'partition-base-missing': entry(
    EXIT.usage,
    'A partition without A/B is updated by delta, but nothing says which device holds the base.',
    'Name it with base, or write delta: none.',
  ),
  'partition-slot-size': entry(
    EXIT.usage,
    'The size of a slot is no positive multiple of 512 bytes, as every partition has.',
    'Write the size as the partition table has it.',
  ),
  'image-too-large': entry(
    EXIT.inconsistent,
    'An image does not fit the slot that it is written to.',
    'Make the image smaller, or correct slot_size.',
  ),
  'path-outside': entry(
    EXIT.usage,
    'A path of the plan leads out of its project (the git repository, or else the folder of the plan), by .. ' +
      'or by a link.',
    'Keep what the plan is made of in its repository; write folders of the build host as absolute paths.',
  ),
  'path-missing': entry(
    EXIT.usage,
    'A file or folder that the plan names is not there.',
    "Correct the path; it is relative to the plan's folder.",
  ),
  'path-colon': entry(
    EXIT.usage,
    'A kas file has a colon in its path. kas separates the files of a chain by colons.',
    'Rename the file or its folder.',
  ),
  'kas-repository': entry(
    EXIT.usage,
    'The files of a kas chain lie in different repositories, which kas refuses.',
    'Keep them in one repository, or all outside of any.',
  ),
  'placeholder-unknown': entry(
    EXIT.usage,
    'A placeholder or a variable is not known, or stands where none is replaced.',
    'Use {machine}, {distro}, {image}, {version} in kas.deploy, collect and file; ${NAME} as a whole value in signing.',
  ),
  'secret-in-plan': entry(
    EXIT.usage,
    'The plan holds a private key, a PIN or a password. Plans are in git and in logs.',
    'Replace the secret, and refer to it by ${NAME} or by a path.',
  ),
  'signing-missing': entry(
    EXIT.ok,
    'The plan makes .swu files but does not sign them. A SWUpdate that checks signatures refuses them.',
    'Add a signing section.',
  ),

  // --- environment (io) --------------------------------------------------------
  'tool-missing': entry(
    EXIT.environment,
    'A program that this step needs is not installed.',
    'Install the named Debian package; `release-plan doctor` lists all of them.',
  ),
  'tool-failed': entry(
    EXIT.environment,
    'A program that this step runs ended with an error.',
    'Read its output, quoted in the message.',
  ),
  'tool-stalled': entry(
    EXIT.environment,
    'A program that this step needs did not come to an end and was stopped.',
    'Run the same command again; on a machine that is not overloaded, please report it.',
  ),
  'io-failed': entry(
    EXIT.environment,
    'A file could not be read or written.',
    'Check the path, its permissions and the free disk space, then run the same command again: what has its final ' +
      'name is whole.',
  ),
  'disk-full': entry(
    EXIT.environment,
    'The disk has no room for this step.',
    'Free the named number of bytes, then run the same command again.',
  ),
  'locked': entry(
    EXIT.environment,
    'Another run holds the lock.',
    'Wait for the named process to end, or run with --wait.',
  ),
  'interrupted': entry(
    EXIT.interrupted,
    'The run was interrupted.',
    'Run the same command again: it goes on where it stopped.',
  ),

  // --- delta engine (rdiff/create) ---------------------------------------------
  'engine-missing': entry(
    EXIT.environment,
    'The compiled parts of the delta engine (dist/rdiff) are not there: the package was not built, or not whole.',
    'Run `npm run build` in a checkout, or install the package again.',
  ),
  'engine-memory': entry(
    EXIT.usage,
    'The delta engine cannot work in the memory that it was given, or the system does not give it as much.',
    'Give --memory 256MiB or more, or fewer --workers.',
  ),
  'bug': entry(
    EXIT.bug,
    'release-plan itself failed in a way it did not expect.',
    'Please report it with the command and the message.',
  ),

  // --- archive -----------------------------------------------------------------
  'archive-damaged': entry(
    EXIT.inconsistent,
    'A file of the archive is missing or is not what its manifest says. It may be what devices run, so nothing is ' +
      'built on it.',
    'Run `release-plan verify PLAN --repair`, which makes again what can be made again. Restore the other named ' +
      'files from a backup. If there is none, move the folder away and build the version again: it must give the ' +
      'same bytes.',
  ),
  'archive-unreadable': entry(
    EXIT.environment,
    'A file of the archive cannot be read. Whether its bytes are whole is not known, so nothing is built on it, and ' +
      'nothing is made in its place.',
    "EIO: the disk fails; look at the kernel's log and copy the archive to another disk, or run `release-plan " +
      'verify PLAN --repair`, which makes again what can be made again. EACCES: give this user the permission to ' +
      'read it. EMFILE: raise the limit of open files (`ulimit -n`). Then run the same command again.',
  ),
  'archive-conflict': entry(
    EXIT.inconsistent,
    'The version is archived already, with other bytes. What is archived never changes: devices may run it.',
    'Give the new build a new version.',
  ),
  'archive-missing': entry(
    EXIT.inconsistent,
    'A version that this step needs is not in the archive.',
    'Run `release-plan apply` without --only, so that it is built and archived first.',
  ),
  'artifact-missing': entry(
    EXIT.build,
    'The build left no file of the name that the plan gives.',
    'Compare `kas.deploy`, `partitions[].file` and `collect` with what the build leaves.',
  ),

  'gc-undecided': entry(
    EXIT.environment,
    'It cannot be told who needs what of the archive: the fleet, the registry or the report of another plan cannot ' +
      'be read, or a device does not say what it runs. Nothing was removed.',
    'Correct what the message names, then run the same command again.',
  ),

  // --- deltas and their checks -----------------------------------------------------
  'pair-inconsistent': entry(
    EXIT.inconsistent,
    'The two versions do not fit together, or a proof failed, so no update between them is published.',
    'The consistency report names each failed check.',
  ),
  'delta-unproven': entry(
    EXIT.inconsistent,
    'The delta, applied to its base, does not give the target. It is not published.',
    'Please report it with both images; `release-plan delta create` shows it by itself.',
  ),

  // --- librsync files ------------------------------------------------------------
  'delta-not-a-delta': entry(
    EXIT.usage,
    'The file does not start as a librsync delta does.',
    'Give a file made by `release-plan delta create` or `rdiff delta`, plain or compressed by gzip or zstd.',
  ),
  'delta-truncated': entry(
    EXIT.inconsistent,
    'The delta ends before its end command. Nothing was written.',
    'Fetch or make the delta again; a download or a full disk may have cut it.',
  ),
  'delta-corrupt': entry(
    EXIT.inconsistent,
    'The delta holds something that librsync never writes, so it was damaged. Nothing was written.',
    'Fetch or make the delta again and compare its sha256.',
  ),
  'delta-beyond-base': entry(
    EXIT.inconsistent,
    'The delta copies from beyond the end of the base: it was made for another base, or is damaged. Nothing ' +
      'was written.',
    'Give the base that the delta was made from; delta-info.json beside it holds its sha256.',
  ),
  'signature-corrupt': entry(
    EXIT.inconsistent,
    'The file is no librsync signature, or not a whole one.',
    'Make it again with `release-plan delta signature`.',
  ),
  // --- SWUpdate packages: signing ---------------------------------------------------
  'signing-key-missing': entry(
    EXIT.environment,
    'A key, certificate or passphrase that the plan names under `signing` is not there: the environment variable is ' +
      'not set, or the file does not exist.',
    'Set the named variable (in CI: a protected variable or file), or correct the path; relative paths start ' +
      'at the plan.',
  ),
  'signing-key-in-plan': entry(
    EXIT.usage,
    'The plan holds a key or a PIN itself, where everybody who can read the plan or its history finds it.',
    'Make a new key, since this one is known; keep it in a file or a protected variable, and name that: `key: ' +
      '${SWU_KEY}`.',
  ),
  'signing-key-unreadable': entry(
    EXIT.environment,
    'openssl cannot read a key or certificate: it is not PEM, its passphrase is wrong or missing, or the PKCS#11 ' +
      'token does not have it.',
    'Try `openssl pkey -in KEY -noout`; an encrypted key needs `signing.passphrase_env`.',
  ),
  'signing-key-mismatch': entry(
    EXIT.usage,
    'The key, the certificate and what devices trust do not belong together, or the key is of a kind that the ' +
      'method cannot use. Devices would refuse the package.',
    'Give the certificate that was issued for this key, and as `signing.public` what is installed on the devices.',
  ),
  'signing-failed': entry(
    EXIT.environment,
    'openssl did not sign the sw-description.',
    'Read its words, quoted in the message.',
  ),
  'certificate-expired': entry(
    EXIT.environment,
    'A signing certificate is past its end. Devices refuse packages signed with it, and SWUpdate 2022.12 does ' +
      'not say why.',
    'Issue a new certificate for the same key; install it on the devices too if they trust this very certificate.',
  ),
  'certificate-not-yet-valid': entry(
    EXIT.environment,
    'A signing certificate is not valid yet. Devices refuse packages signed with it.',
    "Check this machine's clock and the certificate's dates.",
  ),
  'certificate-expires-soon': entry(
    EXIT.ok,
    'A signing certificate ends within 30 days. Packages are still made.',
    'Issue a new certificate in time, and install it on the devices if they trust this very certificate.',
  ),

  // --- SWUpdate packages: content ---------------------------------------------------
  'swu-device': entry(
    EXIT.usage,
    'A device of a partition cannot be used as it stands: SWUpdate hands it to a shell and to fixed buffers, and a ' +
      'delta cannot be written over its own base.',
    'Give absolute device paths without spaces or quotes, and for a delta a base that is not the target.',
  ),
  'swu-board': entry(
    EXIT.usage,
    'The machine cannot be the name of a group in a sw-description, so `swupdate -H machine:revision` would ' +
      'not find it.',
    'Use letters, digits, "-" and "_", beginning with a letter, or a `swu.template` of your own.',
  ),
  'swu-bootenv': entry(
    EXIT.usage,
    'A boot loader variable cannot be written as the plan gives it.',
    'Use names without "=" and values of one line; `{slot}` needs partitions with slots.',
  ),
  'swu-template': entry(
    EXIT.usage,
    'The template of the sw-description does not render, or its result is not what SWUpdate reads.',
    'Compare it with templates/sw-description.hbs; docs/swupdate.md lists what a template is given.',
  ),
  'partition-delta-type': entry(
    EXIT.usage,
    'A partition of a type that takes whole images alone is to be updated by delta.',
    'Write `delta: none`; deltas are for block devices and files.',
  ),
  'partition-update': entry(
    EXIT.usage,
    'A writable partition does not say what updates do with it: what devices wrote there would be overwritten.',
    'Write `update: always` or `update: never`, or `read_only: true` if devices mount it so.',
  ),
  'signing-conflict': entry(
    EXIT.usage,
    'signing says in more than one way who signs, or does not say enough of it.',
    'Give one of `key`, `signers` (for cms) and `command`; a command needs {in} and {out}.',
  ),
  // Findings about the content of a package (src/swu/lint).
  'swu-handler': entry(
    EXIT.inconsistent,
    'A payload goes to a handler that does not fit it: a delta that is written as if it were the image ends in garbage.',
    'Deltas need type = "rdiff_image", whole images type = "raw" (or ubivol, flash).',
  ),
  'swu-base': entry(
    EXIT.inconsistent,
    'A delta entry has no base, is written over its base, or names other devices than the plan does.',
    'Give it the device that is written, and in properties.rdiffbase another one that holds the base.',
  ),
  'swu-device-twice': entry(
    EXIT.inconsistent,
    'Two entries of one selection write the same device, or one writes what another one reads as its base.',
    'Give each partition its own device; a selection writes one slot from the other one.',
  ),
  'swu-guard': entry(
    EXIT.inconsistent,
    'Nothing checks the base of a delta before it is applied. SWUpdate patches whatever it finds there, and reports ' +
      'success: a device with another base would boot garbage.',
    'Keep the guard in your template (scripts with `guard`, or the hook), or leave it out by name: `swu.guard: none`.',
  ),
  'swu-readback': entry(
    EXIT.inconsistent,
    'What an entry writes is not compared with the image afterwards: a delta that ends early counts as a success.',
    'Keep the readback entries in your template, or leave them out by name: `swu.readback: false`.',
  ),
  'swu-direct': entry(
    EXIT.inconsistent,
    'An entry is written while it is being received, before its sha256 is known and before a guard has run.',
    'Remove installed-directly, or allow it by name: `swu.installed_directly: true`.',
  ),
  'swu-selection': entry(
    EXIT.inconsistent,
    'A selection (`-e set,mode`) or a board finds nothing to install, or lacks a payload: such devices cannot update.',
    'Write an entry for every payload into every selection of every board.',
  ),
  'swu-hash': entry(
    EXIT.inconsistent,
    'An entry lists a member without its sha256, so that the signature does not cover it.',
    'Write the sha256 of each member as it is stored in the package.',
  ),
  'swu-version': entry(
    EXIT.inconsistent,
    'The version of a package is missing, is not the one that it should be, or is one that devices order wrongly: of ' +
      'four numbers each has 16 bits.',
    'Name the version in software.version; keep each number of a four-part version at 65535 or below.',
  ),
  'swu-hardware': entry(
    EXIT.inconsistent,
    'A package does not say which hardware takes it, or says something else than the plan.',
    'Write hardware-compatibility beside or above the entries of each board.',
  ),
  'swu-payload': entry(
    EXIT.inconsistent,
    'A payload is not stored as its entry says: the device cannot unpack it.',
    'Set `compressed` to how the member is compressed: zlib (the gzip format), zstd, xz.',
  ),
  'swu-iv': entry(
    EXIT.inconsistent,
    'Encrypted payloads share an initialisation vector: equal beginnings can be seen without the key.',
    'Give each payload an `ivt` of its own.',
  ),
  'encryption-key-missing': entry(
    EXIT.environment,
    'The key that packages are encrypted with is not there: the file, or the environment variable.',
    'Set the variable, or put the file where the plan names it; it holds key and iv in hexadecimal.',
  ),
  'encryption-key-unreadable': entry(
    EXIT.environment,
    'The encryption key is not what SWUpdate takes: the key (32, 48 or 64 hexadecimal digits), a blank, the iv (32).',
    'Make one: `echo "$(openssl rand -hex 32) $(openssl rand -hex 16)" > swu.aes`.',
  ),
  'swu-member': entry(
    EXIT.usage,
    'A file cannot be a member of a .swu: its name, its size, or because it is there twice.',
    'See the message.',
  ),
  'swu-damaged': entry(
    EXIT.inconsistent,
    'The file is not a .swu, or not a whole one.',
    'Remove it and run `release-plan apply` again: it is made from the archive.',
  ),

  // --- fleet and registry --------------------------------------------------------
  'targets-not-found': entry(
    EXIT.usage,
    'The registry (targets.json) that the plan names does not exist.',
    'Check `targets` in the plan; examples/lmp shows one. SWUpdate products get theirs from `release-plan apply`.',
  ),
  'targets-invalid': entry(
    EXIT.usage,
    'The registry is not TUF Targets metadata, or a Target in it lacks what decides about updates.',
    'Correct the named field, or restore the file from its last signed copy.',
  ),
  'targets-sign-failed': entry(
    EXIT.environment,
    'The command of `targets.sign` failed or signed something else, so the registry was left as it was.',
    'Run the command by hand on a copy; $RELEASE_PLAN_TARGETS names the file that it signs in place.',
  ),
  'target-unknown': entry(EXIT.fioctl, 'No Target has this name or version.', 'See `release-plan targets list`.'),
  'from-newer': entry(
    EXIT.fioctl,
    'The version to start from is not older than the version to reach.',
    'Give an older version, or --allow-downgrade.',
  ),
  'tag-unknown': entry(
    EXIT.fioctl,
    'No device of the fleet follows this tag.',
    'Compare the tag with those of the fleet, which the hint names.',
  ),
  'nothing-required': entry(
    EXIT.fioctl,
    'No device runs a version from which a delta could be made, so there is nothing to generate.',
    'Give the versions to start from, or check that the fleet is current.',
  ),
  'promotion-blocked': entry(
    EXIT.inconsistent,
    'The tag does not move: a delta that devices on it require is missing or was not proven, so they would all ' +
      'fetch the full update.',
    'Run `release-plan targets static-deltas VERSION --by-tag TAG`, then tag again; --force moves the tag ' +
      'without them.',
  ),
  'fleet-not-found': entry(
    EXIT.usage,
    'The fleet file that the plan names does not exist.',
    'Check `fleet` in the plan.',
  ),
  'fleet-missing': entry(
    EXIT.usage,
    'The question is about devices, and the plan names no fleet.',
    'Set `fleet` to a devices file or a command.',
  ),
  'fleet-unreadable': entry(
    EXIT.usage,
    'The fleet is in none of the forms that can be read, or is cut off.',
    'Give the JSON of GET /ota/devices/, the same as NDJSON or CSV, or the factory status; see docs/targets.md.',
  ),
  'fleet-incomplete': entry(
    EXIT.usage,
    'The fleet is one page of several. Devices on the other pages would be left without their deltas.',
    'Fetch all pages; they may follow one another in one file.',
  ),
  'fleet-command-failed': entry(
    EXIT.environment,
    'The command that lists the fleet failed, so what it printed does not count.',
    'Run it by hand from the folder of the plan.',
  ),
  'fleet-bad-row': entry(
    EXIT.ok,
    'A row of the fleet is not a device. It is counted, and the others are used.',
    'Correct the row at its source.',
  ),

  // --- ostree --------------------------------------------------------------------
  'ostree-repo-missing': entry(
    EXIT.usage,
    'There is no OSTree repository at the path of `ostree.repo`.',
    'Check the path; a server repository is made by `ostree init --mode=archive`.',
  ),
  'ostree-commit-missing': entry(
    EXIT.inconsistent,
    'A commit is not in the repository, or not whole, so no delta can be made from or to it.',
    'Pull it into the repository (`ostree pull-local`), or let its devices take the full update.',
  ),
  'ostree-ref-unknown': entry(
    EXIT.usage,
    'The repository has no branch of this name.',
    'See `ostree refs`; correct `ostree.branch` in the plan.',
  ),
  'ostree-summary-signed': entry(
    EXIT.usage,
    'The repository has a signed summary and the plan names no key. Updating it without one would take the ' +
      'signature away, and clients that demand it would refuse every update.',
    'Name the key in `ostree.gpg_key`.',
  ),
  'ostree-delta-broken': entry(
    EXIT.inconsistent,
    'A static delta cannot be read, or a client that has only its source does not reach its target with it. It is ' +
      'not offered to devices.',
    'Run the command again: a broken delta is withdrawn, then made anew.',
  ),
  'ostree-stats-too-large': entry(
    EXIT.inconsistent,
    'The sizes of all deltas to one commit would exceed 1 MiB, which devices refuse to read.',
    'Withdraw deltas that nobody requires: `targets static-deltas --prune`.',
  ),
  // --- kas: overrides and chains ---------------------------------------------------
  'kas-header-id': entry(
    EXIT.usage,
    'The id under local_conf_header is written into local.conf as a comment line, and this one would end the ' +
      'comment or swallow the line after it.',
    'Use the id that the base kas file has, of one line and without a backslash at its end.',
  ),
  'kas-repository-owner': entry(
    EXIT.environment,
    'The repository of the kas files belongs to another user, so git refuses it, and kas then resolves includes ' +
      'against the wrong folder without a word.',
    'Run `git config --system --add safe.directory FOLDER` (kas does not see your own git configuration), or ' +
      'change the owner.',
  ),

  // --- kas: builds -------------------------------------------------------------------
  'kas-order': entry(
    EXIT.build,
    'local.conf has another BUILD_VERSION than planned, under the very id that release-plan writes: another kas ' +
      'file comes after the override and replaces it. The build was not started.',
    'Look for the id under local_conf_header in the chain and in what its files include.',
  ),
  'kas-version-overridden': entry(
    EXIT.build,
    'local.conf sets BUILD_VERSION again, under another id: kas writes the entries of local_conf_header in ' +
      'alphabetical order, so a later id wins, and overrides and appends win anyway. The build was not started.',
    'Remove the named line, or name its id as `kas.buildinfo` in the plan.',
  ),
  'kas-settings-differ': entry(
    EXIT.build,
    'kas would build for another machine or distro than the plan says. The build was not started.',
    'Correct `machine` and `distro` in the plan or in the kas files.',
  ),
  'kas-configuration-changed': entry(
    EXIT.build,
    'local.conf or bblayers.conf changed while the build ran: somebody used kas in the same build directory. What ' +
      'was built cannot be told, so it is not archived.',
    'Run the same command again, and use another KAS_BUILD_DIR for builds by hand.',
  ),
  'build-dir-busy': entry(
    EXIT.environment,
    'Something else builds in the build directory. kas would let both run, and one of them would get the ' +
      "other's version.",
    'Wait for the named process to end, or run with --wait; a BitBake server that stays resident ends with `bitbake ' +
      '-m` or without BB_SERVER_TIMEOUT.',
  ),
  'build-failed': entry(
    EXIT.build,
    'kas or BitBake ended with an error.',
    'Read the first errors in the message and the rest in the log file that it names.',
  ),
  'build-stalled': entry(
    EXIT.build,
    'The build printed nothing for as long as `kas.stall_timeout` allows and was stopped. A line above 64 KiB hangs ' +
      'kas for ever.',
    'Look at the end of the log; raise kas.stall_timeout for tasks that are silent for longer.',
  ),
  'build-stale': entry(
    EXIT.build,
    'kas ended well, but an image is older than the build: BitBake saw nothing to do. Nothing shows that it was ' +
      'built from this configuration and these layers, so it is not archived.',
    'Clean the image and build again: `kas build -c cleansstate CHAIN`, then the same command.',
  ),
  'build-version-unproven': entry(
    EXIT.build,
    'The image does not hold the planned BUILD_VERSION in `version_file`: BitBake reused what it had built for ' +
      'another version.',
    'Make the image depend on BUILD_VERSION: no vardepsexclude for it, and IMAGE_BUILDINFO_VARS or a recipe that ' +
      'writes it into version_file.',
  ),
  'version-file-unreadable': entry(
    EXIT.usage,
    'The `version_file` cannot be read in an image of this kind.',
    'Leave out version_file for this partition; images are read for squashfs, ext2, ext3, ext4 and erofs.',
  ),

  // --- schedule, notify, --against, --with-archive ------------------------------------
  'schedule-text': entry(
    EXIT.usage,
    'A path or a command cannot be written in the language of the scheduler: a control character, a backslash in a ' +
      'crontab, or a line that cron would cut.',
    'Rename the folder, or use another scheduler; --systemd takes most.',
  ),
  'schedule-ci': entry(
    EXIT.usage,
    'A CI runs in a fresh checkout of a git repository. The plan has to be in one, and the archive outside of it: a ' +
      'runner cleans its checkout before each job, and what it removes may be the only copy of what devices run.',
    'Give `artifacts` (and `ostree.repo`) an absolute path outside of the repository.',
  ),
  'schedule-exists': entry(
    EXIT.usage,
    'A file of the schedule is there already with another content, perhaps edited by hand. Nothing was written.',
    'Compare the two with --stdout; --force replaces it.',
  ),
  'revision-unknown': entry(
    EXIT.usage,
    'What the plan is to be compared against is neither a file nor a revision of the plan in its git repository.',
    'Name a file, or a branch, tag or commit that git knows here and that has the plan; in a CI, fetch it first.',
  ),
  'archive-not-there': entry(
    EXIT.ok,
    'validate --with-archive found no archive of the product. For a product that was never built this is right; ' +
      'anywhere else a disk is not mounted.',
    'Check `artifacts` in the plan, or leave out --with-archive.',
  ),
  'base-not-archived': entry(
    EXIT.ok,
    'A version that a delta starts from is not in the archive. apply would build it anew, and a build of the same ' +
      'sources need not give the bytes that devices run: then no device could use the delta.',
    'Copy the released version into the archive. If it was never released, let apply build it.',
  ),
  'base-unknown': entry(
    EXIT.ok,
    'Devices run a version that is neither in the plan nor in the archive, so no delta can start from it: they take ' +
      'the full image.',
    'Copy the released version into the archive and add it to the plan, or let those devices take the full image.',
  ),
  'update-damaged': entry(
    EXIT.ok,
    'A file of an archived update is missing or is not what its delta-info.json says. Both of its images are whole, ' +
      'so apply makes it again.',
    'Run `release-plan apply`.',
  ),
} as const satisfies Record<string, CodeEntry>;

/** The name of a code, as printed and as `explain` takes it. */
export type Code = keyof typeof codes;

/** The table, by code. */
export const CODES: Readonly<Record<Code, CodeEntry>> = codes;
