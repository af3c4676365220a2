/** Provenance that kas itself writes: not with Debian 12's, which takes no --provenance. Real kas. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRecords } from '../../src/kas/records.ts';
import { failsWith } from './expect.ts';
import { build, IMAGE, locked, MACHINE, project, prove } from './project.ts';

const test = suite('kas: provenance');

test('kas.provenance: what kas wrote for this build is found, or kas says that it cannot', async () => {
  const here = project('provenance');
  const isKnown = execFileSync(here.kas.command, ['build', '--help'], { encoding: 'utf8' }).includes('--provenance');
  const file = join(here.dir, 'kas/artifacts.yml');
  // `artifacts` is a key that kas before 4.4 refuses.
  const artifacts = `artifacts:\n  image: tmp/deploy/images/${MACHINE}/*.squashfs\n`;
  writeFileSync(file, `header: {version: ${isKnown ? 16 : 1}}\n${isKnown ? artifacts : ''}`);
  const kas = { ...here.kas, config: [...here.kas.config, file], provenance: 'min' as const };
  here.kas = kas;
  if (!isKnown) {
    const error = await failsWith('build-failed', () => locked(here, (directory) => build(here, directory, '0.1.0')));
    assert.match(error.message, 'unrecognized arguments: --provenance');
    return;
  }
  await locked(here, async (directory) => {
    const { startedAtNs } = await build(here, directory, '0.1.0');
    await prove(here, directory, '0.1.0', startedAtNs);
    const places = { deploy: here.deploy, buildDir: directory.path, machine: MACHINE, image: IMAGE, startedAtNs };
    const [record] = await findRecords({ ...places, hasProvenance: true });
    assert.equal([record?.kind, basename(record?.path ?? '')], ['provenance', 'kas-build.provenance.json']);
    const statement = JSON.parse(readFileSync(record?.path ?? '', 'utf8')) as { predicateType: string };
    assert.match(statement.predicateType, 'slsa.dev/provenance');
    assert.equal(await findRecords({ ...places, hasProvenance: false }), []);
    assert.equal(await findRecords({ ...places, hasProvenance: true, startedAtNs: startedAtNs * 2n }), []);
  });
});

test.run();
