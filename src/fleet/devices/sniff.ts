/** Which of the forms a fleet has is seen from its beginning, so that a command's output needs no name. */

export type FleetForm = 'json-array' | 'json-document' | 'ndjson' | 'csv' | 'empty';

/**
 * The form of a fleet.
 *
 * @param head its first bytes as text, at least the first line where that is short
 */
export function sniff(head: string): FleetForm {
  const text = head.replace(/^\uFEFF/, '').trimStart();
  if (text === '') return 'empty';
  if (text.startsWith('[')) return 'json-array';
  if (!text.startsWith('{')) return 'csv';
  const end = text.indexOf('\n');
  const first = parsed(end === -1 ? text : text.slice(0, end));
  // A document that spans lines, or is longer than the head, does not parse here; a device on the first line does.
  const isDevice = first !== undefined && !('devices' in first) && !('tags' in first) && !('prod-tags' in first);
  return isDevice ? 'ndjson' : 'json-document';
}

function parsed(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
