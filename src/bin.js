#!/usr/bin/env node
// A committed plain-JavaScript launcher: `bin` must exist before the first
// build (npx links it then) and keep its run bit over every rebuild of dist/.
import { existsSync } from 'node:fs';

const cli = new URL('../dist/cli.js', import.meta.url);
if (!existsSync(cli)) {
  process.stderr.write('release-plan is not built yet: run "npm ci && npm run build" in its folder\n');
  process.exitCode = 5;
} else {
  const { main } = await import(cli.href);
  process.exitCode = await main(process.argv.slice(2));
}
