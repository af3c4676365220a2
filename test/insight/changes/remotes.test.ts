import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commitLink, compareLink, publicRemote } from '../../../src/insight/changes/remotes.ts';

const test = suite('insight/changes/remotes');
const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

const PAGES: ReadonlyArray<[remote: string, page: string]> = [
  ['https://github.com/kas-release-plan/demo.git', `https://github.com/kas-release-plan/demo/compare/${A}...${B}`],
  ['git@github.com:team/demo.git', `https://github.com/team/demo/compare/${A}...${B}`],
  ['ssh://git@gitlab.example:2222/group/sub/demo.git', `https://gitlab.example/group/sub/demo/-/compare/${A}...${B}`],
  ['https://gitlab.example:8443/demo', `https://gitlab.example:8443/demo/-/compare/${A}...${B}`],
  ['https://me:secret@bitbucket.org/team/demo', `https://bitbucket.org/team/demo/branches/compare/${B}%0D${A}`],
  ['git://git.yoctoproject.org/poky', `https://git.yoctoproject.org/poky/log/?qt=range&q=${A}..${B}`],
  ['https://git.yoctoproject.org/git/poky', `https://git.yoctoproject.org/poky/log/?qt=range&q=${A}..${B}`],
  ['https://code.googlesource.com/demo', `https://code.googlesource.com/demo/+log/${A}..${B}`],
  ['https://codeberg.org/team/demo.git', `https://codeberg.org/team/demo/compare/${A}...${B}`],
];

for (const [remote, page] of PAGES) {
  test(`commits of ${remote}`, () => {
    assert.is(compareLink(remote, A, B), page);
    assert.not.match(publicRemote(remote) ?? '', /secret|me:|git@/);
  });
}

test('no page is made up', () => {
  assert.is(compareLink('https://git.example/demo.git', A, B), undefined);
  assert.is(compareLink('https://github.example.evil/../demo', 'main', B), undefined, 'no commit');
  assert.is(compareLink('/srv/git/demo', A, B), undefined);
  assert.is(compareLink('file:///srv/git/demo', A, B), undefined);
  assert.is(compareLink('https://github.com/team/demo', A, A), undefined);
  assert.is(publicRemote('/srv/git/demo'), undefined);
  assert.is(
    publicRemote('https://token@git.example:8443/demo.git?private_token=1'),
    'https://git.example:8443/demo.git',
  );
});

test('a commit, and one with changes that no commit names', () => {
  const remote = 'https://github.com/team/demo';
  assert.is(commitLink(remote, A), `https://github.com/team/demo/commit/${A}`);
  assert.is(commitLink(remote, `${A}-dirty`), `https://github.com/team/demo/commit/${A}`);
  assert.is(compareLink(remote, `${A}-patched-0123456789ab`, B), `https://github.com/team/demo/compare/${A}...${B}`);
});

test.run();
