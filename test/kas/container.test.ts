/**
 * The real kas-container of Debian, with a stand-in for docker that runs the
 * real kas on this machine: no container engine is there to test with. What it
 * shows is what we ask of kas-container, not what docker does.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chainOf } from '../../src/kas/chain.ts';
import { containerFor, containerOptions } from '../../src/kas/container.ts';
import { buildDelta } from '../../src/kas/delta-build.ts';
import { failsWith } from './expect.ts';
import { build, DISTRO, IMAGE, locked, MACHINE, processesIn, project, prove, type Project } from './project.ts';

const test = suite('kas: kas-container');

/** Runs `docker run` as kas on the host, in a session of its own; only `docker kill NAME` ends it. */
const DOCKER = `#!/usr/bin/env python3
import os, signal, subprocess, sys
from pathlib import Path
here = Path(__file__).resolve().parent
(here / "calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "kill":
    work = (here / (sys.argv[2] + ".work")).read_text()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd").startswith(work) and "docker" not in (entry / "cmdline").read_text():
                if os.getsid(int(entry.name)) != int((here / (sys.argv[2] + ".client")).read_text()):
                    os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue
    sys.exit(0)
arguments, mounts, environment, name = sys.argv[2:], {}, dict(os.environ), ""
while arguments[0].startswith("-"):
    option = arguments.pop(0)
    if option == "-v":
        outside, inside = arguments.pop(0).split(":")[:2]
        mounts[inside] = outside
    elif option == "-e":
        key, _, value = arguments.pop(0).partition("=")
        environment[key] = mounts.get(value, value)
    elif option == "--name":
        name = arguments.pop(0)
arguments.pop(0)  # the image
(here / (name + ".work")).write_text(mounts["/work"])
(here / (name + ".client")).write_text(str(os.getsid(0)))
command = ["kas", *(one.replace("/repo/", mounts["/repo"] + "/") for one in arguments)]
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.exit(subprocess.run(command, env=environment, cwd=mounts["/repo"], start_new_session=True).returncode)
`;

interface Contained {
  here: Project;
  env: NodeJS.ProcessEnv;
  calls(): string;
}

function contained(name: string, localConf: readonly string[] = []): Contained {
  const here = project(name, localConf);
  const bin = join(here.dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'docker'), DOCKER);
  chmodSync(join(bin, 'docker'), 0o755);
  here.kas = { ...here.kas, command: 'kas-container' };
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    KAS_ALLOW_ROOT: 'yes',
    KAS_CONTAINER_ENGINE: 'docker',
  };
  return { here, env, calls: () => readFileSync(join(bin, 'calls'), 'utf8') };
}

test('options: a name of ours, and what a recipe is to read', () => {
  assert.is(containerFor('/usr/bin/kas', {}), undefined);
  const container = containerFor('/usr/local/bin/kas-container', { KAS_CONTAINER_ENGINE: 'podman' });
  assert.equal(container?.engines, ['podman']);
  assert.match(container?.name ?? '', /^release-plan-\d+-[0-9a-f]{8}$/);
  assert.equal(containerOptions({ name: 'x', engines: [] }, { A: '1', B: '2' }), [
    '--runtime-args',
    '--name x -e A=1 -e B=2',
  ]);
  assert.equal(containerFor('kas-container', {})?.engines, ['docker', 'podman']);
});

test('a version is built, proven and a delta made through kas-container', async () => {
  const { here, env, calls } = contained('container');
  await locked(
    here,
    async (directory) => {
      for (const version of ['0.1.0', '0.2.0']) {
        const built = await build(here, directory, version, { env });
        await prove(here, directory, version, built.startedAtNs);
        assert.match(built.configuration.kas, /^kas-container \d/);
        const archived = join(here.dir, 'artifacts', MACHINE, IMAGE, version);
        mkdirSync(archived, { recursive: true });
        copyFileSync(join(here.deploy, `${IMAGE}-${MACHINE}.squashfs`), join(archived, `${IMAGE}-${MACHINE}.squashfs`));
      }
      const chain = await chainOf({ config: here.kas.deltaConfig, workDir: here.dir });
      await buildDelta(directory, {
        kas: here.kas,
        chain,
        env,
        logFile: here.logFile,
        from: '0.1.0',
        to: '0.2.0',
        machine: MACHINE,
        distro: DISTRO,
        image: IMAGE,
      });
    },
    env,
  );
  assert.match(calls(), /run .*--name release-plan-\S+ -e VERSION_FROM=0\.1\.0 -e VERSION_TO=0\.2\.0 /);
});

test('an interrupted build in a container is ended by the engine, by name', async () => {
  const { here, env, calls } = contained('container-stop', ['STAND_IN_TASK_SECONDS = "60"']);
  const stop = new AbortController();
  const onProgress = (): void => void setTimeout(() => stop.abort(), 100);
  await failsWith('interrupted', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { env, signal: stop.signal, onProgress }), env),
  );
  assert.match(calls(), /kill release-plan-/);
  assert.equal(processesIn(here.dir), []);
});

test.run();
