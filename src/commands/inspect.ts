import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  public?: string;
  aesKey?: string;
  json?: boolean;
}

export const registerInspect: RegisterCommand = (program, run) => {
  program
    .command('inspect')
    .description('what a SWUpdate package holds and what is wrong with it; exit 4 when a check fails')
    .argument('<package>', 'the .swu, made by release-plan or not')
    .option('--public <file>', 'the public key or certificate that devices trust: check the signature')
    .option('--aes-key <file>', 'the key file of `swupdate -K`: read encrypted packages')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      ...examples({
        'Check a package': 'release-plan inspect delta-update-0.1.0-to-0.2.0.swu',
        'Check the signature of a vendor': 'release-plan inspect vendor.swu --public keys/vendor.crt',
        'Look into an encrypted package, for programs': 'release-plan inspect encrypted.swu --aes-key swu.aes --json',
      }),
    )
    .action(async (file: string, flags: Flags) => {
      await run((context) => inspect(file, flags, context));
    });
};

async function inspect(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { resolve } = await import('node:path');
  const { checkFiles } = await import('./delta/files.ts');
  const { FEW_FILES_BYTES, withScratch } = await import('../io/scratch.ts');
  const { readAesKey } = await import('../swu/aes.ts');
  const { inspectSwu } = await import('../swu/inspect.ts');
  const { prettyJson } = await import('../text/pretty-json.ts');
  const { inspectionJson, inspectionText } = await import('./inspect-text.ts');
  const given = { 'PACKAGE': file, '--public': flags.public, '--aes-key': flags.aesKey };
  const inputs = Object.entries(given).flatMap(([name, path]) => (path === undefined ? [] : [[name, path] as const]));
  await checkFiles(context.cwd, { inputs: Object.fromEntries(inputs) });
  const keys = { env: context.env, planDir: context.cwd };
  const aes = flags.aesKey === undefined ? undefined : await readAesKey(resolve(context.cwd, flags.aesKey), keys);
  const found = await withScratch('inspect', FEW_FILES_BYTES, (workDir) =>
    inspectSwu(resolve(context.cwd, file), {
      workDir,
      signal: context.signal,
      ...(aes === undefined ? {} : { aes }),
      ...(flags.public === undefined
        ? {}
        : { trust: { ...keys, method: undefined, public: flags.public, signal: context.signal } }),
    }),
  );
  context.out(flags.json === true ? prettyJson(inspectionJson(file, found)) : inspectionText(found));
  const isBad =
    found.checks.some((one) => one.result === 'fail') || found.findings.some((one) => one.severity === 'error');
  return isBad ? EXIT.inconsistent : EXIT.ok;
}
