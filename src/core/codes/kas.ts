import { EXIT, type CodeTable } from './entry.ts';

/** kas files, and the builds that kas runs. */
export const kasCodes = {
  'kas-differs': {
    exit: EXIT.usage,
    about: 'The kas files in the plan build for a different machine, distro or image than the plan says.',
    cure: 'Use the same values in the plan and in its kas files; later kas files win.',
    example: 'machine: board-b   # with `machine: board-a` in the kas file',
  },
  'kas-repository': {
    exit: EXIT.usage,
    about: 'The files of a kas chain are in different repositories, which kas does not accept.',
    cure: 'Keep all files of the chain in one repository, or all outside of any.',
    example:
      'kas:\n  config: [kas/product.yml, layers/meta-vendor/kas/board.yml]   # the second is in another repository',
  },
  'kas-repository-owner': {
    exit: EXIT.environment,
    about:
      'The repository of the kas files belongs to another user, so git refuses to read it, and kas then silently ' +
      'resolves includes against the wrong folder.',
    cure:
      'Run `git config --system --add safe.directory FOLDER` (kas does not read your own git configuration), or ' +
      'change the owner of the folder.',
    example: 'sudo release-plan apply plan.yml   # in a checkout that belongs to another user',
  },
  'kas-header-id': {
    exit: EXIT.usage,
    about:
      'The id under local_conf_header is written into local.conf as a comment, and this one would end the comment or ' +
      'swallow the next line.',
    cure: 'Use an id of one line, without a backslash at the end.',
    example: 'kas:\n  override: "zz-version\\"   # instead: one line, without a backslash at the end',
  },
  'kas-order': {
    exit: EXIT.build,
    about:
      'local.conf sets another BUILD_VERSION than planned, under the id that release-plan itself writes: a later kas ' +
      'file replaces the override. The build was not started.',
    cure: 'Search the chain, and the files that it includes, for this id under local_conf_header.',
    example:
      'versions:\n  - version: "0.2.0"\n    kas: [kas/dev.yml]   # which includes the base again, after the override',
  },
  'kas-version-overridden': {
    exit: EXIT.build,
    about:
      'local.conf sets BUILD_VERSION a second time, under another id. kas writes the entries of local_conf_header in ' +
      'alphabetical order, so a later id wins; overrides and appends always win. The build was not started.',
    cure: 'Remove the line that the message names, or give `kas.override` an id that sorts after it.',
    example:
      'local_conf_header:\n  zzz-product: |\n    BUILD_VERSION = "9.9.9"   # written after zz-release-plan, so it wins',
  },
  'kas-settings-differ': {
    exit: EXIT.build,
    about: 'kas would build for a different machine or distro than the plan says. The build was not started.',
    cure: 'Make `machine` and `distro` agree in the plan and the kas files.',
    example: 'machine: tolomeo-imx8   # in the plan; the kas files say machine: tolomeo-qemux86-64',
  },
  'kas-configuration-changed': {
    exit: EXIT.build,
    about:
      'local.conf or bblayers.conf changed during the build: someone ran kas in the same build directory. The result ' +
      'cannot be trusted, so it was not archived.',
    cure: 'Run the same command again. For builds by hand, use another KAS_BUILD_DIR.',
    example: 'kas shell kas/product.yml   # by hand, during apply',
  },
  'build-dir-busy': {
    exit: EXIT.environment,
    about:
      'Another build is using the build directory. kas would let both run, and one would end up with the version of ' +
      'the other.',
    cure:
      'Wait for the process that the message names, or pass --wait. Stop a resident BitBake server with `bitbake ' +
      '-m`, or unset BB_SERVER_TIMEOUT.',
    example: 'kas build kas/product.yml & release-plan apply plan.yml',
  },
  'build-failed': {
    exit: EXIT.build,
    about: 'kas or BitBake exited with an error.',
    cure: 'See the first errors in the message, and the full log in the file that it names.',
    example: 'ERROR: zlib-1.3-r0 do_compile: oe_runmake failed',
  },
  'build-stalled': {
    exit: EXIT.build,
    about:
      'The build printed nothing for `kas.stall_timeout` and was stopped. One cause is a line of output over 64 KiB, ' +
      'on which kas hangs forever.',
    cure: 'See the end of the log. Raise kas.stall_timeout if a task is silent for longer than that.',
    example: 'kas:\n  stall_timeout: 10min   # and a task that is silent for longer',
  },
  'build-stale': {
    exit: EXIT.build,
    about:
      'kas succeeded, but an image is older than the build: BitBake found nothing to do. Nothing shows that the ' +
      'image was built from this configuration and these layers, so it was not archived.',
    cure: 'Clean the image with `kas build -c cleansstate CHAIN`, then run the same command again.',
    example:
      'git -C layers/meta-board pull && rm -r artifacts && release-plan apply plan.yml   # other commits, and ' +
      'BitBake finds nothing to do',
  },
  'build-version-unproven': {
    exit: EXIT.build,
    about:
      'The version_file in the image does not contain the planned BUILD_VERSION: BitBake reused an image that was ' +
      'built for another version.',
    cure:
      'Make the image depend on BUILD_VERSION: no vardepsexclude for it, and IMAGE_BUILDINFO_VARS or a recipe that ' +
      'writes it into version_file.',
    example: 'do_rootfs[vardepsexclude] += "BUILD_VERSION"   # a new version does not make a new image',
  },
  'version-file-unreadable': {
    exit: EXIT.usage,
    about: 'version_file cannot be read from this kind of image.',
    cure: 'Remove version_file from the partition. Supported images: squashfs, ext2, ext3, ext4 and erofs.',
    example: 'file: boot.vfat\nversion_file: /version   # instead: no version_file for this partition',
  },
  'artifact-missing': {
    exit: EXIT.build,
    about: 'The build did not produce a file that the plan names.',
    cure: 'Compare `kas.deploy`, `partitions[].file` and `collect` with the deploy folder of the build.',
    example: 'file: rootfs.squashfs   # but the build deploys image-prod-board.squashfs',
  },
  'layer-not-at-pin': {
    exit: EXIT.build,
    about:
      'A repository is at another commit than the kas files ask for, or has changes that no commit names. kas leaves ' +
      'a repository with changes as it is, warns of it in one line and exits 0: the version would be built from ' +
      'something else than what is written down.',
    cure:
      'Commit or undo the named changes and run the same command again; `kas.force_checkout: true` undoes them in ' +
      'repositories that kas fetched. For development, `kas.allow_dirty: true` builds what is there; such a version ' +
      'is never promoted.',
    example:
      'repository meta-board is at 2ed17e8c0ffe, the kas files ask for 79799c8deb1a\n' +
      'repository meta-board has changes that no commit names: conf/layer.conf   # for which kas leaves it where it is',
  },
  'lock-incomplete': {
    exit: EXIT.build,
    about:
      'The plan says `kas.lock: required`, and the version could not be built again from its lock: a repository ' +
      'follows a branch or tag, or has no commit. The build was not started.',
    cure: "Pin each repository by `commit:` or by a lock file (`kas lock`), and commit the product's own repository.",
    example: 'repos:\n  poky: { url: https://git.example/poky, branch: scarthgap }   # instead, also: commit: ...',
  },
  'adopt-nothing': {
    exit: EXIT.usage,
    about: '`init --adopt` found no version: a folder is one when its name is a version and images lie in it.',
    cure:
      'Name the folder above `<machine>/<image>/<version>/` or above `<version>/`; for the latter also --machine and ' +
      '--image.',
    example: 'release-plan init --adopt artifacts/board/image-prod   # instead: --adopt artifacts',
  },
  'lock-missing': {
    exit: EXIT.inconsistent,
    about:
      'The version was archived without a lock, or with one that says what it could not pin: nobody can tell what it ' +
      'has to be built from again.',
    cure: 'Versions that are archived with `kas.lock: write`, from committed repositories, can be built again.',
    example: 'release-plan rebuild plan.yml 0.1.0   # archived with kas.lock: off',
  },
  'commit-gone': {
    exit: EXIT.build,
    about:
      'A commit that an archived version was built from is no longer in its repository: somebody rewrote a branch, ' +
      'or the repository moved.',
    cure:
      'Push the commit again, from any clone that has it, under a tag that stays; or name a mirror in ' +
      'KAS_PREMIRRORS.',
    example: 'git push --force origin main   # in meta-board, after 0.1.0 was built from it',
  },
  'rebuild-folder': {
    exit: EXIT.usage,
    about: 'The folder to build a version again in is there already: a rebuild begins with nothing.',
    cure: 'Look at what the last rebuild left there, remove it, or name another folder with --into.',
    example: 'release-plan rebuild plan.yml 0.1.0 --into /scratch/again   # for the second time',
  },
  'rebuild-differs': {
    exit: EXIT.inconsistent,
    about: 'The version was built again from its lock, and an image came out with other bytes than the archived one.',
    cure:
      'The named files show the cause: times in files, the order of a hash table, the path of the build. The next ' +
      'release can be made reproducible; the archived one stays as it is.',
    example: 'release-plan rebuild plan.yml 0.1.0   # /etc/timestamp has other content: a time in the file',
  },
  'kas-too-old': {
    exit: EXIT.environment,
    about:
      'A kas file names a format version that this kas does not know; kas itself says no more than that it could not ' +
      'validate the file.',
    cure:
      'Install a later kas (`pip install kas`), name it as `kas.command`, or lower header.version where nothing of ' +
      'the later format is used.',
    example: 'header: { version: 14 }   # and the kas of Debian 12, which knows versions up to 12',
  },
} satisfies CodeTable;
