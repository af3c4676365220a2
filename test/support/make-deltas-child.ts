/** Makes static deltas in a process of its own, for tests that kill it: REPO FROM TO. Says `go` when it starts. */
import { makeDeltas } from '../../src/delta/ostree.ts';

const [path = '', from = '', to = ''] = process.argv.slice(2);
process.stdout.write('go\n');
await makeDeltas({ path }, [{ from, to }], { waitMs: 10_000, progress: () => undefined, warn: () => undefined });
process.stdout.write('done\n');
