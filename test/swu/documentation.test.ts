import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkSigning } from '../../src/swu/sign.ts';
import { scratch } from '../support/scratch.ts';

/** The commands of docs/swupdate.md are run as they stand there. */
const test = suite('docs/swupdate.md');
const work = scratch('documentation');
const page = readFileSync(new URL('../../docs/swupdate.md', import.meta.url), 'utf8');

test('the commands that make keys work in their order, and their keys sign', async () => {
  const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((one) => one[1] ?? '');
  assert.is(commands.length, 3);
  mkdirSync(join(work, 'tokens'));
  writeFileSync(join(work, 'softhsm2.conf'), `directories.tokendir = ${join(work, 'tokens')}\n`);
  const env = { ...process.env, SOFTHSM2_CONF: join(work, 'softhsm2.conf') };
  const said = execFileSync('sh', ['-eu', '-c', commands.join('\n')], {
    cwd: work,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.match(said, 'Verified OK');
  const context = { env: {}, planDir: work };
  assert.equal(await checkSigning({ method: 'cms', key: 'swu.key', cert: 'swu.crt', public: 'swu.crt' }, context), []);
  assert.equal(await checkSigning({ method: 'rsa-pss', key: 'swu-rsa.key', public: 'swu.pub' }, context), []);
});

test.run();
