import { EXIT, type CodeTable } from './entry.ts';

/** OSTree repositories and their static deltas. */
export const ostreeCodes = {
  'ostree-key-unused': {
    exit: EXIT.usage,
    about: "A key of `ostree` is for release-plan's own generator, but the plan leaves static deltas to ostree.",
    cure: 'Remove the key, or set `generator: own`.',
    example: 'ostree: { repo: repo, branch: lmp, generator: ostree, xz: 9 }   # instead: without xz',
  },
  'ostree-repo-missing': {
    exit: EXIT.usage,
    about: '`ostree.repo` is not an OSTree repository.',
    cure: 'Check the path. `ostree init --mode=archive` creates a repository for a server.',
    example: 'ostree: { repo: repos, branch: lmp }   # instead: repo',
  },
  'ostree-commit-missing': {
    exit: EXIT.inconsistent,
    about: 'A commit is missing from the repository or incomplete, so no delta can start from it or lead to it.',
    cure: 'Pull it into the repository (`ostree pull-local`), or accept that its devices download the full update.',
    example: 'from: ["5"]   # whose commit was pruned from the repository',
  },
  'ostree-ref-unknown': {
    exit: EXIT.usage,
    about: 'The repository has no branch of this name.',
    cure: 'List the branches with `ostree refs`, and fix `ostree.branch` in the plan.',
    example: 'ostree: { repo: repo, branch: lpm }   # instead: lmp',
  },
  'ostree-summary-signed': {
    exit: EXIT.usage,
    about:
      'The summary of the repository is signed, but the plan has no key. Updating the summary without one would drop ' +
      'the signature, and clients that require it would refuse every update.',
    cure: 'Set `ostree.gpg_key`.',
    example: 'ostree: { repo: repo, branch: lmp }   # instead: with gpg_key',
  },
  'ostree-key-unusable': {
    exit: EXIT.usage,
    about:
      'The gpg key that the plan names cannot sign the summary of the repository. It is tried before anything is made.',
    cure:
      'Check `ostree.gpg_key` and `ostree.gpg_homedir` with `gpg --list-secret-keys`; the secret key has to be ' +
      'there, without a passphrase or with an agent that knows it.',
    example: 'ostree: { repo: repo, branch: lmp, gpg_key: 0123ABCD }   # of a keyring on another host',
  },
  'ostree-delta-broken': {
    exit: EXIT.inconsistent,
    about:
      'A static delta is unreadable, or does not take a client that has its source to its target. It is not offered ' +
      'to devices.',
    cure: 'Run the command again: a broken delta is withdrawn and made again.',
    example: 'repo/deltas/XX/...   # a part of it was lost by a copy',
  },
  'ostree-stats-too-large': {
    exit: EXIT.inconsistent,
    about: 'The list of delta sizes for one commit would exceed 1 MiB, the limit that devices accept.',
    cure: 'Delete deltas that nobody requires: `targets static-deltas --prune`.',
    example: 'deltas:\n  - { to: "9", from: { previous: 1000 } }   # too many for the devices',
  },
  'ostree-object-damaged': {
    exit: EXIT.inconsistent,
    about: 'An object of a commit is missing from the repository, or its file is not an object.',
    cure: 'Run `ostree fsck`, then pull the commit into the repository again.',
    example: 'repo/objects/3f/9c...filez   # an empty file after a power failure',
  },
  'static-delta-corrupt': {
    exit: EXIT.inconsistent,
    about: 'A static delta, or a part of it, is not valid. Clients that fetch it fail.',
    cure: 'Run the command again: a broken delta is withdrawn, then made again.',
    example: 'repo/deltas/XX/.../superblock   # one bit of it flipped on the disk',
  },
} satisfies CodeTable;
