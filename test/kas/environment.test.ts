import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildDirOf, deployDirOf, kasEnvironment } from '../../src/kas/environment.ts';
import type { KasSettings } from '../../src/core/plan.ts';

const test = suite('kas: environment');
const kas: KasSettings = {
  config: ['/w/kas/a.yml'],
  override: 'zz-release-plan',
  lock: 'write',
  update: false,
  forceCheckout: false,
  allowDirty: false,
  provenance: 'off',
  command: 'kas',
  workDir: '/w',
  deploy: '/w/build/tmp/deploy/{machine}/{version}',
  deltaConfig: [],
  pass: [],
  stallTimeoutMs: 1,
};
const values = { machine: 'm', version: '1' };

test("what changes the result is taken out; what says where stays; the plan's work dir wins", () => {
  const env = {
    PATH: '/bin',
    KAS_MACHINE: 'x',
    KAS_DISTRO: 'x',
    KAS_TARGET: 'x',
    KAS_TASK: 'x',
    VERSION_FROM: 'x',
    VERSION_TO: 'x',
    KAS_WORK_DIR: '/x',
    KAS_PREMIRRORS: 'p',
    DL_DIR: '/dl',
  };
  assert.equal(kasEnvironment(kas, env, { VERSION_TO: '2' }), {
    PATH: '/bin',
    KAS_WORK_DIR: '/w',
    KAS_PREMIRRORS: 'p',
    DL_DIR: '/dl',
    VERSION_TO: '2',
  });
  assert.is(env.KAS_MACHINE, 'x', "the caller's own is left alone");
});

test('KAS_BUILD_DIR, relative to the work dir, moves the deploy folder along', () => {
  assert.is(buildDirOf(kas, {}), '/w/build');
  assert.is(buildDirOf(kas, { KAS_BUILD_DIR: '' }), '/w/build');
  assert.is(buildDirOf(kas, { KAS_BUILD_DIR: 'b' }), '/w/b');
  assert.is(kasEnvironment(kas, { KAS_BUILD_DIR: 'b' }).KAS_BUILD_DIR, '/w/b');
  assert.is(deployDirOf(kas, {}, values), '/w/build/tmp/deploy/m/1');
  assert.is(deployDirOf(kas, { KAS_BUILD_DIR: '/s' }, values), '/s/tmp/deploy/m/1');
});

test('a deploy folder elsewhere stays where it is', () => {
  for (const deploy of ['/w/artifacts/{version}', '/other', '/w/build-2/x']) {
    assert.is(deployDirOf({ ...kas, deploy }, { KAS_BUILD_DIR: '/s' }, values), deploy.replace('{version}', '1'));
  }
});

test.run();
