/** The package as a whole: its version, who takes it, and which selections it has. */
import { isOrderedWrongly, orderedWrongly } from '../../text/four-part.ts';
import { viewName } from '../views.ts';
import { error, everyEntry, warning, type LintRule } from './context.ts';

/** The version is there, and devices order it as people do. */
export const versionIsUsable: LintRule = ({ description: { version } }) => {
  if (version === undefined || version === '')
    return [error('swu-version', 'sw-description has no version: devices refuse the package')];
  return isOrderedWrongly(version)
    ? [warning('swu-version', orderedWrongly(version), 'Keep each of the four numbers at 65535 or below.')]
    : [];
};

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
