import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { quoteYaml, renderOverride, requireVersion } from '../../src/kas/render.ts';
import { failsWith } from './expect.ts';

const test = suite('kas: overrides as text');

test('an override names format version 1 and sets BUILD_VERSION under the id', () => {
  assert.is(
    renderOverride({ id: 'zz-release-plan', version: '0.1.0' }),
    [
      '# Written by release-plan for version 0.1.0; written again when the plan changes.',
      'header:',
      '  version: 1',
      'local_conf_header:',
      '  "zz-release-plan": |',
      '    BUILD_VERSION = "0.1.0"',
      '    BB_SERVER_TIMEOUT = "0"',
      '',
    ].join('\n'),
  );
});

test('any string quoted for YAML comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.is(parse(quoteYaml(text)), text);
      assert.match(quoteYaml(text), /^"[ -~]*"$/);
    }),
  );
});

test('any id of one line is the only key of the override', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (id) => {
      // oxlint-disable-next-line no-control-regex
      fc.pre(!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(id) && !id.trimEnd().endsWith('\\'));
      const override = parse(renderOverride({ id, version: '1.2.3' })) as {
        local_conf_header: Record<string, string>;
      };
      assert.equal(Object.entries(override.local_conf_header), [
        [id, 'BUILD_VERSION = "1.2.3"\nBB_SERVER_TIMEOUT = "0"\n'],
      ]);
    }),
  );
});

test('an id that would end its comment line in local.conf, or swallow the next, is refused', async () => {
  for (const id of ['', 'a\nBUILD_VERSION = "9"', 'a\r', 'a\\', 'a\\ ', 'a\u2028b', 'a\0']) {
    await failsWith('kas-header-id', () => renderOverride({ id, version: '1.2.3' }));
  }
});

test('no version with a character that means something to BitBake, YAML or a path gets through', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom(...'"\'\\${}@ \t\n/:#;`|<>*?()[]!&%~^,=\0'),
      fc.string(),
      (before, bad, after) => {
        assert.throws(() => requireVersion(before + bad + after));
        assert.throws(() => renderOverride({ id: 'b', version: before + bad + after }));
      },
    ),
  );
});

test('versions that products have get through', () => {
  for (const version of ['0.1.0', '1.10', '42', '2.0.0-rc.1+build5', '2026.11.21', 'v1_2'])
    assert.is(requireVersion(version), version);
});

test.run();
