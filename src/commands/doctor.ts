import { EXIT } from '../core/codes/index.ts';
import { examples } from './examples.ts';
import type { RegisterCommand } from './host.ts';

export const registerDoctor: RegisterCommand = (program, run) => {
  program
    .command('doctor')
    .description('check required programs and name the packages to install')
    .addHelpText(
      ...examples({
        'Check this machine': 'release-plan doctor',
        'Check before a long build': 'release-plan doctor && release-plan apply plan.yml',
      }),
    )
    .action(async () => {
      await run(async (context) => {
        const { TOOLS } = await import('../io/tools.ts');
        const { toolVersion } = await import('../io/process.ts');
        const { formatRows } = await import('../text/rows.ts');
        const names = Object.keys(TOOLS) as Array<keyof typeof TOOLS>;
        const missing = new Set<string>();
        const rows = await Promise.all(
          names.map(async (name): Promise<[string, string]> => {
            try {
              return [name, await toolVersion(name)];
            } catch {
              missing.add(TOOLS[name].debian);
              return [name, `missing (Debian package ${TOOLS[name].debian})`];
            }
          }),
        );
        context.out(formatRows([['node', process.version], ...rows]));
        if (missing.size === 0) return EXIT.ok;
        context.out(`\nInstall the missing ones with: apt-get install ${[...missing].sort().join(' ')}\n`);
        return EXIT.environment;
      });
    });
};
