/** Each entry by itself: its handler, its devices, its hash, its payload, its iv. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { viewName, type Entry, type View } from '../views.ts';
import { entryName, error, everyEntry, isDeltaEntry, warning, type LintRule } from './context.ts';

/** A delta goes to a handler that applies it, and only a delta does. */
export const handlersFitPayloads: LintRule = (context) =>
  everyEntry(context).flatMap(({ view, entry }) => {
    const isDelta = context.payloads.get(entry.filename ?? '')?.isDelta;
    const what = `${viewName(view)}: ${entryName(entry)}`;
    if (isDelta === true && !isDeltaEntry(entry) && entry.section !== 'scripts')
      return [
        error(
          'swu-handler',
          `${what} is an rdiff delta, and ${entry.type} writes it as if it were the image`,
          'Give it type = "rdiff_image" and properties.rdiffbase.',
        ),
      ];
    if (isDelta === false && isDeltaEntry(entry) && !entry.isEncrypted)
      return [error('swu-handler', `${what} goes to ${entry.type}, and is no rdiff delta`)];
    return [];
  });

/** A delta names a base, and that is not what it writes. */
export const deltasHaveTheirBase: LintRule = (context) =>
  everyEntry(context).flatMap(({ view, entry }) => {
    const { device, properties } = entry;
    if (entry.type !== 'rdiff_image') return [];
    const what = `${viewName(view)}: ${entryName(entry)}`;
    if (properties.rdiffbase === undefined)
      return [error('swu-base', `${what} has no rdiffbase: nothing says what the delta is applied to`)];
    if (device === undefined) return [error('swu-base', `${what} has no device: nothing says what is written`)];
    if (device !== properties.rdiffbase) return [];
    return [
      error(
        'swu-base',
        `${what} is written over its own base ${device}`,
        'A delta reads its base while it writes the target: give two different devices.',
      ),
    ];
  });

/** One device is written once, and is not the base of another entry. */
export const devicesAreWrittenOnce: LintRule = ({ description }) =>
  description.views.flatMap((view) => {
    const written = view.entries.filter((one) => one.device !== undefined && writes(one));
    return written.flatMap((entry, index): Diagnostic[] => {
      const other = written.slice(0, index).find((one) => one.device === entry.device);
      const reader = view.entries.find((one) => one !== entry && one.properties.rdiffbase === entry.device);
      const what = `${viewName(view)}: ${entry.device} is written by ${entryName(entry)}`;
      return [
        ...(other === undefined ? [] : [error('swu-device-twice', `${what} and by ${entryName(other)}`)]),
        ...(reader === undefined
          ? []
          : [error('swu-device-twice', `${what}, and is the base of ${entryName(reader)}`)]),
      ];
    });
  });

const writes = ({ section, path, volume }: Entry): boolean =>
  section === 'images' && path === undefined && volume === undefined;

/** Every member is listed with its sha256: a signature says nothing of one that is not. */
export const membersAreHashed: LintRule = (context) =>
  everyEntry(context)
    .filter(({ entry }) => entry.filename !== undefined && !/^[0-9a-f]{64}$/.test(entry.sha256 ?? ''))
    .map(({ view, entry }) =>
      (context.isSigned ? error : warning)(
        'swu-hash',
        `${viewName(view)}: ${entryName(entry)} is listed without its sha256` +
          (context.isSigned ? ': devices that check signatures refuse the package' : ''),
      ),
    );

/** A payload is stored as its entry says. */
export const compressionIsAsSaid: LintRule = (context) =>
  everyEntry(context).flatMap(({ view, entry }) => {
    const payload = context.payloads.get(entry.filename ?? '');
    if (payload === undefined || entry.isEncrypted || entry.compressed === undefined) return [];
    if (entry.compressed === payload.storedAs) return [];
    const stored = payload.storedAs === 'none' ? 'not compressed in a known way' : payload.storedAs;
    return [
      error(
        'swu-payload',
        `${viewName(view)}: ${entryName(entry)} is said to be ${entry.compressed}, and is ${stored}`,
      ),
    ];
  });

/** Two payloads of one key never share an iv: equal beginnings would show. */
export const ivsAreUsedOnce: LintRule = (context) => {
  const byIv = new Map<string, { view: View; entry: Entry }>();
  return everyEntry(context).flatMap((one) => {
    const { view, entry } = one;
    if (!entry.isEncrypted) return [];
    if (entry.iv === undefined)
      return [
        warning(
          'swu-iv',
          `${viewName(view)}: ${entryName(entry)} is encrypted with the iv of the key file`,
          'Give each payload an ivt of its own.',
        ),
      ];
    const other = byIv.get(entry.iv);
    if (other === undefined) byIv.set(entry.iv, one);
    if (other === undefined || other.entry.filename === entry.filename) return [];
    return [warning('swu-iv', `${viewName(view)}: ${entryName(entry)} has the same iv as ${entryName(other.entry)}`)];
  });
};
