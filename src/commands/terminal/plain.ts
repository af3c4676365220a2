import type { ReleaseEvent, Report } from '../../core/events.ts';
import { printable, printableMessage } from '../../text/printable.ts';

/** Plain lines: for logs, pipes and CI. */
export function plainView(write: (text: string) => void): Report {
  return (event) => write(`${lineOf(event)}\n`);
}

function lineOf(event: ReleaseEvent): string {
  switch (event.type) {
    case 'step-started':
      return `> ${printable(event.title)}`;
    case 'step-progress':
      return `  ${printable(event.message)}`;
    case 'step-done':
      return `  done: ${printableMessage(event.message, '    ')}`;
    case 'step-skipped':
      return `- ${printable(event.title)}: ${printableMessage(event.reason, '    ')}`;
    case 'step-failed':
      return `  FAILED ${printable(event.title)}: ${printableMessage(event.message, '    ')}`;
    case 'note':
      return printableMessage(event.message, '  ');
    case 'warning':
      return `warning: ${printableMessage(event.message, '  ')}`;
  }
}
