import { EXIT, type CodeTable } from './entry.ts';

/** The fleet (which device runs what) and the registry (which version has which tag). */
export const fleetCodes = {
  'targets-not-found': {
    exit: EXIT.usage,
    about: 'The registry (targets.json) named in the plan does not exist.',
    cure: 'Check `targets` in the plan; examples/lmp has one. For SWUpdate products `release-plan apply` writes it.',
    example: 'targets: targets.jsn   # instead: targets.json',
  },
  'targets-invalid': {
    exit: EXIT.inconsistent,
    about: 'The registry is not valid TUF Targets metadata, or a Target lacks a field that updates depend on.',
    cure: 'Fix the field that the message names, or restore the file from its last signed copy.',
    example: '"custom": { "tags": ["master"] }   # a Target without a version',
  },
  'targets-sign-failed': {
    exit: EXIT.environment,
    about: 'The command in `targets.sign` failed or signed something else. The registry was left unchanged.',
    cure: 'Run the command by hand on a copy; $RELEASE_PLAN_TARGETS is the file that it signs in place.',
    example: 'targets: { file: targets.json, sign: ./sign }   # and ./sign exits 1',
  },
  'target-unknown': {
    exit: EXIT.fioctl,
    about: 'No Target has this name or version.',
    cure: 'See `release-plan targets list`.',
    example: 'release-plan targets show 10   # the newest is 9',
  },
  'from-newer': {
    exit: EXIT.fioctl,
    about: 'The version to start from is not older than the version to reach.',
    cure: 'Start from an older version, or pass --allow-downgrade.',
    example: 'release-plan targets static-deltas 7 9   # instead: static-deltas 9 7',
  },
  'tag-unknown': {
    exit: EXIT.fioctl,
    about: 'No device in the fleet follows this tag.',
    cure: 'Use one of the tags that the hint lists.',
    example: 'release-plan targets static-deltas 9 --by-tag promted   # instead: promoted',
  },
  'nothing-required': {
    exit: EXIT.fioctl,
    about: 'No device runs a version that a delta could start from, so there is nothing to make.',
    cure: 'Name the versions to start from, or check that the fleet file is up to date.',
    example: 'release-plan targets static-deltas 9 --by-tag promoted   # all devices run 9',
  },
  'promotion-dirty': {
    exit: EXIT.inconsistent,
    about:
      'The version was built with `kas.allow_dirty`, of changes that no commit names: nobody could build ' +
      'it again, so ' +
      'no tag leads devices to it, not even with --force.',
    cure: 'Commit the changes, and build and promote a version of its own from them.',
    example: 'kas: { allow_dirty: true }   # when 9 was built; then: release-plan targets tag -T promoted 9',
  },
  'promotion-blocked': {
    exit: EXIT.inconsistent,
    about:
      'The tag was not moved: a delta that its devices require is missing or unproven, so all of them would download ' +
      'the full update.',
    cure:
      'Run `release-plan targets static-deltas VERSION --by-tag TAG`, then tag again. --force moves the tag without ' +
      'the deltas.',
    example: 'release-plan targets tag -T promoted --by-version 9   # before the delta 7 -> 9 was made',
  },
  'prune-blocked': {
    exit: EXIT.inconsistent,
    about:
      'No Target was dropped: devices run one of them, a tag that devices follow would be left without any, or the ' +
      'plan names its version.',
    cure: 'Leave it out, or update the devices first. --force drops it all the same.',
    example: 'release-plan targets prune board-lmp-7   # while devices run 7',
  },
  'fleet-not-found': {
    exit: EXIT.usage,
    about: 'The fleet file named in the plan does not exist.',
    cure: 'Check `fleet` in the plan.',
    example: 'fleet: fleet/device.json   # instead: fleet/devices.json',
  },
  'fleet-missing': {
    exit: EXIT.usage,
    about: 'The command is about devices, but the plan has no fleet.',
    cure: 'Set `fleet` to a file of devices or to a command that prints them.',
    example: 'release-plan targets static-deltas 9 --by-tag promoted   # with a plan that has no fleet',
  },
  'fleet-unreadable': {
    exit: EXIT.usage,
    about: 'The fleet is in an unsupported format, or is cut off.',
    cure:
      'Use the JSON of GET /ota/devices/, the same as NDJSON or CSV, or the factory status; docs/targets.md ' +
      'describes them.',
    example: 'fleet: fleet/devices.xlsx   # instead: JSON, NDJSON or CSV',
  },
  'fleet-incomplete': {
    exit: EXIT.usage,
    about: 'The fleet is one page of several. Devices on the other pages would get no deltas.',
    cure: 'Fetch all pages; they may follow one another in one file.',
    example: '{ "devices": [...], "total": 5000, "next": "...page=2" }   # instead: all pages in one file',
  },
  'fleet-command-failed': {
    exit: EXIT.environment,
    about: 'The command that lists the fleet failed, so its output was discarded.',
    cure: "Run the command by hand in the plan's folder.",
    example: 'fleet: { command: curl --fail https://fleet.example/devices }   # and the server answers 503',
  },
  'fleet-bad-row': {
    exit: EXIT.ok,
    about: 'A row of the fleet is not a valid device. It was skipped and counted; the other rows are used.',
    cure: 'Fix the row at its source.',
    example: '{ "uuid": 17 }   # instead: { "uuid": "...", "tag": "promoted", ... }',
  },
  'fleet-version-odd': {
    exit: EXIT.ok,
    about:
      'A device reports a version that is none, such as `dev` or `v0.1.0`. It takes the full image; gc and --prune ' +
      'remove nothing while such a device is in the fleet, since nobody knows what it runs.',
    cure: 'Correct what the device reports, or list it under fleet.ignore.',
    example: 'fleet:\n  file: fleet/devices.json\n  ignore: [workbench-7]',
  },
  'fleet-device-repeated': {
    exit: EXIT.ok,
    about: 'A device is listed more than once; its first row counts.',
    cure: 'Export each device once.',
    example: 'sort -u fleet/devices.csv',
  },
  'fleet-not-asked': {
    exit: EXIT.ok,
    about:
      'The fleet is what a command of the plan prints, and commands that only look run nothing that a plan names: ' +
      'whoever proposes a change could run anything on the host that reviews it. What devices need is not known.',
    cure: 'Give --run-commands when the plan and its scripts are yours or have been reviewed.',
    example: 'release-plan plan plan.yml --run-commands',
  },
} satisfies CodeTable;
