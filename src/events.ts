/**
 * What the core tells whoever runs it. The core never prints: commands hand
 * these to a view in ui/ (a terminal, plain lines, NDJSON).
 */
export type ReleaseEvent =
  | { type: 'step-started'; id: string; title: string }
  | { type: 'step-progress'; id: string; message: string }
  | { type: 'step-done'; id: string; message: string }
  | { type: 'step-skipped'; id: string; title: string; reason: string }
  | { type: 'step-failed'; id: string; message: string }
  | { type: 'note'; message: string }
  | { type: 'warning'; message: string };

export type Report = (event: ReleaseEvent) => void;
