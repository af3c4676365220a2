/**
 * Makes static deltas in a process of its own, for tests that kill it: REPO FROM TO. Says `go` when it starts.
 * Runs what was built: a start through tsx would be most of such a test's time.
 */
const { makeDeltas } = await import(new URL('../../dist/delivery/ostree/make.js', import.meta.url).href);

const [path = '', from = '', to = ''] = process.argv.slice(2);
process.stdout.write('go\n');
await makeDeltas({ path }, [{ from, to }], { waitMs: 10_000, progress: () => undefined, warn: () => undefined });
process.stdout.write('done\n');
