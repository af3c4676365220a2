import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerApply } from '../../src/commands/apply.ts';
import { handMade } from '../support/archive.ts';
import { runCommand } from '../support/command.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands: apply');

test('what is said of several plans stands under the name of each, of one plan without', async () => {
  const here = handMade(scratch('apply-several'));
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) here.archive(version);
  here.write({ deltas: [], swu: { hardware: ['1.0'], full: false }, signing: undefined });
  copyFileSync(join(here.dir, 'plan.yml'), join(here.dir, 'other.yml'));
  writeFileSync(join(here.dir, 'artifacts/board/image/.keep'), '');
  const both = await runCommand(registerApply, ['apply', 'plan.yml', 'other.yml', '--new-archive'], { cwd: here.dir });
  assert.is(both.failure, undefined);
  assert.equal(
    both.stdout.split('\n').filter((line) => line.endsWith(':')),
    ['plan.yml:', 'other.yml:'],
  );
  assert.equal(
    both.events.flatMap((event) => (event.type === 'note' && event.message.endsWith(':') ? [event.message] : [])),
    ['plan.yml:', 'other.yml:'],
  );
  const one = await runCommand(registerApply, ['apply', 'plan.yml'], { cwd: here.dir });
  assert.not.match(one.stdout, 'plan.yml:');
});

test.run();
