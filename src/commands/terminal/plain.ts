import type { ReleaseEvent, Report } from '../../core/events.ts';

/** Plain lines: for logs, pipes and CI. */
export function plainView(write: (text: string) => void): Report {
  return (event) => write(`${lineOf(event)}\n`);
}

function lineOf(event: ReleaseEvent): string {
  switch (event.type) {
    case 'step-started':
      return `> ${event.title}`;
    case 'step-progress':
      return `  ${event.message}`;
    case 'step-done':
      return `  done: ${event.message}`;
    case 'step-skipped':
      return `- ${event.title}: ${event.reason}`;
    case 'step-failed':
      return `  FAILED ${event.title}: ${event.message}`;
    case 'note':
      return event.message;
    case 'warning':
      return `warning: ${event.message}`;
  }
}
