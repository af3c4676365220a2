#!/usr/bin/env node
// A committed plain-JavaScript launcher: `bin` must exist before the first
// build (npx links it then) and keep its run bit over every rebuild of dist/.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { existsSync } = require('node:fs');
const { fileURLToPath } = require('node:url');

const bundle = fileURLToPath(new URL('../dist/bundle/', import.meta.url));
const isTraced = process.env.RELEASE_PLAN_DEBUG !== undefined || process.env.NODE_V8_COVERAGE !== undefined;

if (!existsSync(`${bundle}cli.cjs`)) {
  process.stderr.write('release-plan is not built yet: run "npm ci && npm run build" in its folder\n');
  process.exitCode = 5;
} else {
  // Stacks and coverage are to name the files that people know.
  const { main } = isTraced ? await import('../dist/cli.js') : require('./bundle.cjs').loadBundle(bundle);
  process.exitCode = await main(process.argv.slice(2));
}
