import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { readListing } from '../../src/swu/listing.ts';

const test = suite('swu/listing');

test('every entry with a file name counts, at whatever depth, in libconfig and in JSON', () => {
  const members = [{ filename: 'a', sha256: 'ab' }, { filename: 'b' }, { filename: 'a', sha256: 'ab' }];
  const libconfig =
    'software = { version = "1"; board = { stable: { main: { images: ( { filename = "a"; sha256 = ' +
    '"AB" }, { filename = "b" } ); scripts: ( { type = "readback" } ); }; alt: { images: ( { filename = "a"; sha256 ' +
    '= "ab" } ); }; }; }; };';
  assert.equal(readListing(libconfig), { version: '1', members });
  const json = {
    software: {
      version: '1',
      board: {
        stable: {
          main: { images: [{ filename: 'a', sha256: 'AB' }, { filename: 'b' }] },
          alt: { images: [{ filename: 'a', sha256: 'ab' }] },
        },
      },
    },
  };
  assert.equal(readListing(`\n ${JSON.stringify(json)}`), { version: '1', members });
});

test('what is neither is refused', () => {
  for (const source of ['', 'hello', '{"software":', '{"soft": 1}', 'software = "x";', '{"software": null}', '[]']) {
    try {
      readListing(source);
      assert.unreachable(source);
    } catch (error) {
      assert.instance(error, ReleasePlanError, source);
      assert.is((error as ReleasePlanError).code, 'swu-template', source);
    }
  }
});

test.run();
