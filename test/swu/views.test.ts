import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReleasePlanError } from '../../src/core/errors.ts';
import { parseTree, followLink, lookUp } from '../../src/swu/tree.ts';
import { readViews, viewName } from '../../src/swu/views.ts';

const test = suite('swu/views');

const shape = (source: string) =>
  readViews(source).views.map((view) => [viewName(view), view.entries.map((one) => one.filename ?? one.type)]);

test('each board and selection with something to install is a view', () => {
  const source = `software = { version = "1";
    one: { hardware-compatibility: [ "1.0" ];
      stable: { main: { images: ( { filename = "a"; } ); }; alt: { images: ( { filename = "b"; } ); }; }; };
    two: { images: ( { filename = "c"; } ); };
    stable: { main: { images: ( { filename = "d"; } ); }; };
  };`;
  assert.equal(shape(source), [
    ['one -e stable,main', ['a']],
    ['one -e stable,alt', ['b']],
    ['two', ['c']],
    ['any board -e stable,main', ['d']],
  ]);
});

test('each setting by itself comes from the nearest place: the board lends what the selection lacks', () => {
  const source = `software = { version = "1"; hardware-compatibility: [ "9" ];
    scripts: ( { filename = "root.sh"; type = "shellscript"; } );
    one: {
      hardware-compatibility: [ "1.0", "#RE:^2" ];
      scripts: ( { filename = "board.sh"; type = "shellscript"; } );
      stable: { main: { images: ( { filename = "a"; } ); }; }; }; };`;
  const [, , main] = readViews(source).views;
  assert.is(viewName(main ?? {}), 'one -e stable,main');
  assert.equal(
    main?.entries.map((one) => one.filename),
    ['a', 'board.sh'],
  );
  assert.equal(main?.hardware, ['1.0', '#RE:^2']);
});

test('links stand for what they name: beside, above, from the root, and in lists', () => {
  const source = `software = { version = "1";
    one: { stable: { common: { images: ( { filename = "a"; }, { ref = "#../../kernel"; } ); };
      main: { ref = "#./common"; }; alt: { ref = "#../stable/common"; };
      kernel: { filename = "k"; device = "/dev/k"; }; }; kernel: { filename = "k2"; }; };
    two: { ref = "#/software/one"; };
  };`;
  assert.equal(
    shape(source).filter(([name]) => !String(name).includes('common')),
    [
      ['one -e stable,main', ['a', 'k2']],
      ['one -e stable,alt', ['a', 'k2']],
      ['two -e stable,main', ['a', 'k2']],
      ['two -e stable,alt', ['a', 'k2']],
    ],
  );
});

test('links that lead nowhere or in a circle end', () => {
  assert.is(followLink(['a'], '#../../x'), undefined);
  assert.is(followLink(['a'], 'x'), undefined);
  assert.is(followLink(['a'], '#./'), undefined);
  const tree = parseTree('software = { a: { ref = "#./b"; }; b: { ref = "#./a"; }; };');
  assert.is(lookUp(tree, ['software', 'a', 'x']), undefined);
  assert.equal(readViews('software = { version = "1"; a: { ref = "#./b"; }; b: { ref = "#./a"; }; };').views, []);
});

test('entries are typed, with the defaults of SWUpdate', () => {
  const source = JSON.stringify({
    software: {
      images: [
        {
          'filename': 'a',
          'device': '/dev/a',
          'sha256': 'AB'.repeat(32),
          'compressed': true,
          'installed-directly': true,
          'encrypted': 'aes-cbc',
          'ivt': 'CD'.repeat(16),
          'properties': { rdiffbase: ['/dev/b'], count: 3 },
        },
        { filename: 'v', volume: 'rootfs' },
      ],
      files: [{ filename: 'f', path: '/etc/f' }],
      scripts: [{ filename: 's' }],
      bootenv: [{ name: 'x', value: 'y' }, { value: 'nameless' }, { name: 'gone' }],
    },
  });
  const [view] = readViews(source).views;
  assert.equal(view?.entries, [
    {
      section: 'images',
      filename: 'a',
      device: '/dev/a',
      type: 'raw',
      sha256: 'ab'.repeat(32),
      compressed: 'zlib',
      isEncrypted: true,
      iv: 'cd'.repeat(16),
      isInstalledDirectly: true,
      properties: { rdiffbase: '/dev/b', count: '3' },
    },
    {
      section: 'images',
      filename: 'v',
      volume: 'rootfs',
      type: 'ubivol',
      isEncrypted: false,
      isInstalledDirectly: false,
      properties: {},
    },
    {
      section: 'files',
      filename: 'f',
      path: '/etc/f',
      type: 'rawfile',
      isEncrypted: false,
      isInstalledDirectly: false,
      properties: {},
    },
    { section: 'scripts', filename: 's', type: 'lua', isEncrypted: false, isInstalledDirectly: false, properties: {} },
  ]);
  assert.equal(view?.bootenv, [
    { name: 'x', value: 'y' },
    { name: 'gone', value: '' },
  ]);
});

test('what is no sw-description is said to be none', () => {
  for (const source of ['', 'hardware = 1;', '{"software": null}', '[]', 'software = ("x");']) {
    try {
      readViews(source);
      assert.unreachable(source);
    } catch (error) {
      assert.is((error as ReleasePlanError).code, 'swu-template', source);
    }
  }
});

test.run();
