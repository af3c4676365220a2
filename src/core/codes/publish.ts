import { EXIT, type CodeTable } from './entry.ts';

/** Servers, destinations and rollouts. */
export const publishCodes = {
  'server-address': {
    exit: EXIT.usage,
    about:
      'The address of a server cannot be used: it is no http or https address, or it holds a user or a ' +
      'password, which ' +
      'would be printed and recorded with it.',
    cure: 'Write https://HOST/PATH; give the user and the password by keys of their own.',
    example: 'url: updates.example   # instead: https://updates.example',
  },
  'server-insecure': {
    exit: EXIT.usage,
    about:
      'A server is addressed by plain http. Whoever is on the way could read the password and exchange what is sent.',
    cure: 'Use https, with `ca` for a certificate of your own; plain http is for this machine alone (127.0.0.1).',
    example: 'url: http://updates.example   # instead: https://updates.example',
  },
  'server-unreachable': {
    exit: EXIT.environment,
    about: 'A server did not answer, cut the connection, or stayed busy, however often it was tried.',
    cure: 'Check the address and the network, and run the command again: it goes on where it stopped.',
    example: 'url: https://hawkbit.example   # and the server is down for longer than it is tried',
  },
  'server-untrusted': {
    exit: EXIT.environment,
    about: 'The certificate of a server is not one that this machine trusts, is not for this name, or has expired.',
    cure: 'Give the certificate of your own authority by `ca`, or have the server use a certificate that holds.',
    example: 'url: https://hawkbit.example   # with a certificate of your own; instead: with ca: keys/ca.pem',
  },
  'server-denied': {
    exit: EXIT.environment,
    about: 'A server refused the credentials, or they do not allow what was asked.',
    cure: 'Check the user, the password or key, and what they may do; temporary ones expire.',
    example: 'password_env: HAWKBIT_PASSWORD   # which holds the password of last year',
  },
  'server-answer': {
    exit: EXIT.environment,
    about: 'A server answered with something that its API does not promise here.',
    cure: 'Read what it said; check that the address is that of the API, and which release the server is.',
    example: 'url: https://hawkbit.example/UI   # instead: https://hawkbit.example',
  },
  'secret-missing': {
    exit: EXIT.environment,
    about:
      'A password or a key is not where the plan says: the environment variable is not set, or the file is not there.',
    cure: 'Set the variable, or write the file with mode 600.',
    example: 'password_env: HAWKBIT_PASSWORD   # which is not set',
  },
  'secret-exposed': {
    exit: EXIT.environment,
    about: 'A file with a password or a key can be read by others on this machine.',
    cure: 'Give it mode 600 (`chmod 600 FILE`); if others may have read it, change the secret.',
    example: 'password_file: keys/hawkbit   # with mode 644; instead: 600',
  },
  'publish-differs': {
    exit: EXIT.inconsistent,
    about:
      'A destination has something under the name of a package that is not that package. Devices may have ' +
      'installed it, ' +
      'so it is never replaced.',
    cure: 'Find out who put it there. Publish the change as a new version, or remove it there by hand.',
    example: 'srv/board/image/0.2.0/full-update-0.2.0.swu   # copied there by hand from another build',
  },
  'publish-damaged': {
    exit: EXIT.environment,
    about: 'What arrived at a destination is not what was sent. It was removed there, and no index names it.',
    cure: 'Run the command again; if it happens again, check the disk, the memory and what lies between.',
    example: 'release-plan publish plan.yml --to cdn   # through a proxy that changes what it carries',
  },
  'publish-contended': {
    exit: EXIT.environment,
    about: 'Somebody else wrote the index of a destination each time between reading and writing it.',
    cure: 'Run the command again; let one host publish to a destination at a time.',
    example: 'release-plan publish plan.yml --to cdn   # on ten hosts at once',
  },
  'publish-refused': {
    exit: EXIT.usage,
    about:
      'A destination cannot take what it is to get: a name that is too long for the server, a package that it ' +
      'cannot read.',
    cure: 'Read the reason; `release-plan publish --dry-run` says so before anything is sent.',
    example: 'publish:\n  - { name: lab, kind: goosebit, ... }   # for packages with an encrypted description',
  },
  'publish-unknown': {
    exit: EXIT.usage,
    about: 'A destination was named that the plan does not have.',
    cure: 'Use a name of `publish` in the plan.',
    example: 'release-plan publish plan.yml --to lap   # instead: lab',
  },
  'publish-nowhere': {
    exit: EXIT.usage,
    about: 'The plan names no destination, so nothing can be published.',
    cure: 'Add `publish` to the plan; docs/publish.md says which destination is for whom.',
    example: 'release-plan publish plan.yml   # of a plan without `publish`',
  },
  'index-invalid': {
    exit: EXIT.inconsistent,
    about: 'The index of a destination is not one that release-plan wrote: it is not JSON, or of another form.',
    cure: 'Move it away and publish again, which makes it anew; or publish below another path or prefix.',
    example: 'srv/index.json   # of a web page that lies in the same folder',
  },
  'rollout-unnamed': {
    exit: EXIT.inconsistent,
    about:
      'hawkBit can be asked for devices by what they say, not by what they do not say. Those without a version ' +
      'have to be ' +
      'named one by one, and there are too many.',
    cure:
      'Have devices send their version as an attribute (`identify` in swupdate.cfg), and name it by ' +
      'version_attribute.',
    example: 'release-plan rollout plan.yml 0.3.0 start --tag promoted   # and 5000 devices send no version',
  },
  'rollout-unpublished': {
    exit: EXIT.inconsistent,
    about: 'A rollout needs a package that is not on the server.',
    cure: 'Run `release-plan publish` first.',
    example: 'release-plan rollout plan.yml 0.3.0 start --tag promoted   # before `publish`',
  },
  'rollout-devices': {
    exit: EXIT.inconsistent,
    about:
      'The server counts other devices than the plan: devices were added, or changed their version, since ' +
      'the fleet was ' +
      'read, or they do not send the attributes that the plan names. Nothing was started.',
    cure: 'Look at `release-plan rollout ... plan` again.',
    example: 'tag_attribute: ring   # and devices send `tag`',
  },
  'rollout-changed': {
    exit: EXIT.inconsistent,
    about:
      'The server has a rollout of this name already, for other devices or with another package. It is left alone.',
    cure: 'Look at it on the server; stop and delete it there if it is not wanted any more, and start again.',
    example: 'release-plan rollout plan.yml 0.3.0 start --tag promoted   # again, with more devices on the tag',
  },
  'rollout-unknown': {
    exit: EXIT.inconsistent,
    about: 'The server has no rollout of this version for this tag.',
    cure: 'Start one with `release-plan rollout PLAN VERSION --tag TAG start`.',
    example: 'release-plan rollout plan.yml 0.3.0 status --tag promoted   # before `start`',
  },
} satisfies CodeTable;
