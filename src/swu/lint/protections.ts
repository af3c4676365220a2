/** What keeps a device whole when something is wrong: guard, readback, and nothing written too early. */
import { viewName } from '../views.ts';
import { entryName, error, everyEntry, isDeltaEntry, warning, type LintRule } from './context.ts';
import { guardOf, readbackOf } from './guard.ts';

/** SWUpdate's readback takes sizes as 32-bit numbers (handlers/readback_handler.c). */
export const READBACK_LIMIT_BYTES = 2 ** 32;

/** A delta is applied to a base that was checked: the handler itself patches anything and reports success. */
export const deltasAreGuarded: LintRule = (context) =>
  everyEntry(context)
    .filter(({ entry }) => isDeltaEntry(entry))
    .filter(({ view, entry }) => guardOf(entry, view, context.description) === undefined)
    .map(({ view, entry }) => {
      const told = entry.type === 'rdiff_image' ? error : warning;
      return told(
        'swu-guard',
        `${viewName(view)}: nothing checks the base of ${entryName(entry)} before it is applied`,
        'Run check-base.sh with the base, its size and its sha256 as a script, or check_base as a hook.',
      );
    });

/** What stands on the target afterwards is compared: a delta that ends early is a success otherwise. */
export const imagesAreReadBack: LintRule = (context) =>
  everyEntry(context)
    .filter(({ entry }) => entry.type === 'rdiff_image' || entry.type === 'raw')
    .filter(({ view, entry }) => {
      const imageBytes = guardOf(entry, view, context.description)?.imageBytes;
      const isTooLarge = imageBytes !== undefined && imageBytes >= READBACK_LIMIT_BYTES;
      return !isTooLarge && readbackOf(entry.device, view) === undefined;
    })
    .map(({ view, entry }) => {
      // The sha256 of a whole image is that of its payload, which is checked before it is written.
      const told = isDeltaEntry(entry) ? error : warning;
      return told(
        'swu-readback',
        `${viewName(view)}: ${entry.device ?? entryName(entry)} is not read back after ${entryName(entry)} is written`,
        'Add a script entry of type readback with the device, and the sha256 and size of the image.',
      );
    });

/** Nothing is written before its sha256 was checked and the guard has run. */
export const nothingIsInstalledDirectly: LintRule = (context) =>
  everyEntry(context)
    .filter(({ entry }) => entry.isInstalledDirectly)
    .map(({ view, entry }) => {
      const told = isDeltaEntry(entry) ? error : warning;
      return told(
        'swu-direct',
        `${viewName(view)}: ${entryName(entry)} is installed-directly: it is written before its sha256 is known` +
          (isDeltaEntry(entry) ? ', and before any guard has run' : ''),
        'Remove installed-directly; the device then needs room for the payload in TMPDIR.',
      );
    });
