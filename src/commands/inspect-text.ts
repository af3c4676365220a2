/** An inspected package for people, and for programs. */
import type { Diagnostic } from '../core/diagnostic.ts';
import type { InspectedSwu } from '../swu/inspect.ts';
import { viewName, type Entry, type View } from '../swu/views.ts';
import { formatBytes } from '../text/bytes.ts';
import { printable } from '../text/printable.ts';
import { formatColumns, formatRows } from '../text/rows.ts';

/** Members, views, checks and findings, as text. */
export function inspectionText({ members, description, checks, findings }: InspectedSwu): string {
  const parts = [
    members.length === 0
      ? ''
      : formatColumns([
          ['member', 'size', 'sha256'],
          ...members.map((one) => [printable(one.name), formatBytes(one.sizeBytes), one.sha256.slice(0, 16)]),
        ]),
    description === undefined
      ? ''
      : formatRows([
          ['version', printable(description.version ?? '(none)')],
          ['description', printable(description.description ?? '(none)')],
        ]),
    ...(description?.views ?? []).map(viewText),
    formatRows(checks.map((one) => [`${one.check}: ${one.result}`, printable(one.detail)])),
    findings.length === 0 ? 'no findings\n' : findings.map(findingText).join(''),
  ];
  return parts.filter((one) => one !== '').join('\n');
}

function viewText(view: View): string {
  const hardware = view.hardware === undefined ? 'no hardware-compatibility' : `hardware ${view.hardware.join(', ')}`;
  const rows = view.entries.map((one) => [`  ${one.type}`, one.filename ?? '-', placeOf(one)].map(printable));
  const variables = view.bootenv.map(({ name, value }) => ['  bootenv', name, value].map(printable));
  return `${printable(`${viewName(view)} (${hardware})`)}\n${leftColumns([...rows, ...variables])}`;
}

function leftColumns(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

function placeOf({
  device,
  volume,
  path,
  properties,
  compressed,
  isEncrypted,
  isInstalledDirectly,
  data,
}: Entry): string {
  const onDevice = device !== undefined && path !== undefined ? `${path} on ${device}` : undefined;
  const to = onDevice ?? device ?? volume ?? path ?? data ?? '';
  return [
    properties.rdiffbase === undefined ? to : `${to} from ${properties.rdiffbase}`,
    ...(compressed === undefined ? [] : [compressed]),
    ...(isEncrypted ? ['encrypted'] : []),
    ...(isInstalledDirectly ? ['installed-directly'] : []),
  ].join(', ');
}

const findingText = ({ severity, code, message, hint }: Diagnostic): string =>
  `${severity}[${code}]: ${printable(message)}\n${hint === undefined ? '' : `  ${printable(hint)}\n`}`;

/** The same as a document; `schema` counts its format. */
export function inspectionJson(file: string, { members, description, checks, findings, isSigned }: InspectedSwu) {
  return {
    schema: 1,
    file,
    isSigned,
    members,
    ...(description === undefined ? {} : { description }),
    checks,
    findings: findings.map(({ code, severity, message, hint }) => ({
      code,
      severity,
      message,
      ...(hint === undefined ? {} : { hint }),
    })),
  };
}
