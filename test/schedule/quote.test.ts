/** Whatever a path may hold, each language gives it back as it was: asked of sh, systemd and a YAML reader. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { parse } from 'yaml';
import { ReleasePlanError } from '../../src/core/errors.ts';
import {
  cronCommand,
  execStart,
  githubText,
  requireOneLine,
  shellLine,
  shellWord,
  unitValue,
} from '../../src/schedule/quote.ts';
import { shellArguments, unitComplaints } from '../support/schedule.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('schedule: quote');

/** Characters that mean something to somebody, among some that do not. */
const special = fc.constantFrom(
  ...'\'"\\$`%#;&|<>(){}[]*?!~=:@,. -+ab0é漢😀',
  '${{',
  '}}',
  '%%',
  '$$',
  '\\\\',
  ' #',
  ': ',
  '%h',
  '$HOME',
  '\\x41',
  '\\n',
);
const path = fc.array(special, { minLength: 1, maxLength: 24 }).map((parts) => `/${parts.join('')}`);
const paths = fc.array(path, { minLength: 1, maxLength: 40 });

test('a shell gives every word back', () => {
  fc.assert(
    fc.property(paths, (words) => {
      assert.equal(
        execFileSync('sh', ['-c', `printf '%s\\0' ${shellLine(words)}`], { encoding: 'utf8' })
          .split('\0')
          .slice(0, -1),
        words,
      );
    }),
    { numRuns: 20 },
  );
});

test('systemd gives every argument back, and finds nothing to complain of', () => {
  fc.assert(
    fc.property(paths, (words) => {
      const unit = join(scratch('quote'), 'quote.service');
      writeFileSync(
        unit,
        `[Unit]\nDescription=${unitValue(`${words.join(' ')}.`)}\n[Service]\nType=oneshot\n${words.map((word) => `ExecStart=${execStart(['/bin/true', word])}\n`).join('')}`,
      );
      assert.is(unitComplaints([unit]), '');
      const dump = execFileSync('systemd-analyze', ['verify', unit], {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_LOG_LEVEL: 'debug' },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      assert.equal(
        [...dump.matchAll(/Command Line: (.*)/g)].map(([, line = '']) => shellArguments(line)[1]),
        words,
      );
    }),
    { numRuns: 6 },
  );
});

test('cron meets no percent sign that it would take for a line break', () => {
  fc.assert(
    fc.property(
      path.filter((one) => !one.includes('\\')),
      (word) => {
        const command = cronCommand(shellWord(word));
        assert.not.match(command, /(?<!\\)%/);
        assert.is(command.replaceAll('\\%', '%'), shellWord(word));
      },
    ),
  );
});

test('GitHub reads the text, and finds no expression in it but the one that stands for ${{', () => {
  fc.assert(
    fc.property(path, (word) => {
      const read = parse(githubText(word)) as string;
      assert.is(read.replaceAll("${{ '${{' }}", '${{'), word);
      assert.not.match(read.replaceAll("${{ '${{' }}", ''), '${{');
    }),
  );
});

test('a backslash at the end of a setting, which would join the next line to it, is refused', () => {
  assert.throws(
    () => unitValue('/srv/plans\\'),
    (error: unknown) => error instanceof ReleasePlanError && error.code === 'schedule-text',
  );
  assert.is(unitValue('/srv/\\plans'), '/srv/\\plans');
});

test('what would end a line is refused', () => {
  for (const text of ['a\nb', 'a\rb', 'a\0b', 'a\u001bb', 'a\u0085b', 'a\u2028b', 'a\tb']) {
    assert.throws(
      () => requireOneLine(text),
      (error: unknown) => error instanceof ReleasePlanError && error.code === 'schedule-text',
    );
  }
});

test.run();
