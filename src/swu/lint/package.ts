/** The package as a whole: its version, who takes it, and which selections it has. */
import { viewName } from '../views.ts';
import { error, everyEntry, warning, type LintRule } from './context.ts';

/** SWUpdate packs versions of up to four numbers into 64 bits, 16 each (core/parser.c, version_to_number). */
const LARGEST_PART = 65_535;

/** The version is there, and devices order it as people do. */
export const versionIsUsable: LintRule = ({ description: { version } }) => {
  if (version === undefined || version === '')
    return [error('swu-version', 'sw-description has no version: devices refuse the package')];
  return isOrderedWrongly(version)
    ? [warning('swu-version', wideVersion(version), 'Keep each of the four numbers at 65535 or below.')]
    : [];
};

/** Whether SWUpdate would drop the fourth number of a version when it compares. */
export const isOrderedWrongly = (version: string): boolean =>
  /^\d+(\.\d+){3}$/.test(version) && version.split('.').some((part) => Number(part) > LARGEST_PART);

export const wideVersion = (version: string): string =>
  `the version ${version} has a number above ${LARGEST_PART}: devices that check versions ignore its fourth number`;

/** Something is installed, and every view says which hardware takes it. */
export const hardwareIsNamed: LintRule = ({ description: { views } }) => [
  ...(views.length === 0 ? [error('swu-selection', 'no board and no selection finds anything to install')] : []),
  ...views
    .filter(({ hardware = [] }) => hardware.length === 0)
    .map((view) =>
      error('swu-hardware', `${viewName(view)}: no hardware-compatibility: devices with a board refuse the package`),
    ),
];

/** Where slot a is written from b, another selection writes b from a: the device may run either. */
export const bothDirectionsAreThere: LintRule = (context) => {
  const directions = everyEntry(context)
    .filter(({ view, entry }) => view.selection !== undefined && entry.type === 'rdiff_image')
    .map(({ view, entry }) => ({ view, from: entry.properties.rdiffbase, to: entry.device }));
  return directions
    .filter(
      ({ view, from, to }) =>
        !directions.some((one) => one.view.board === view.board && one.from === to && one.to === from),
    )
    .map(({ view, from, to }) =>
      warning(
        'swu-selection',
        `${viewName(view)} writes ${to} from ${from}, and no selection writes ${from} from ${to}`,
      ),
    );
};
