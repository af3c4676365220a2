/** The fragments of the top-level kas/ folder, included as a product includes them. Real kas throughout. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { proveBuild } from '../../src/kas/prove.ts';
import { failsWith } from './expect.ts';
import { build, DISTRO, locked, MACHINE, project, ROOTFS, type Project } from './project.ts';

const test = suite('kas: fragments');
const RELEASE_PLAN = fileURLToPath(new URL('../..', import.meta.url));

/** A product with an image that says nothing of its version. @param includes entries of header.includes */
function plainProduct(name: string, includes: string): Project {
  const here = project(name);
  writeFileSync(join(here.dir, 'layers/meta-tolomeo/recipes-core/images/image-plain.bb'), 'inherit core-image\n');
  const file = join(here.dir, 'kas/plain.yml');
  writeFileSync(
    file,
    `header:
  version: 12
${includes}
machine: ${MACHINE}
distro: ${DISTRO}
target: image-plain
repos:
  stand-in-bitbake: { path: layers/stand-in-bitbake, layers: { .: disabled } }
  meta-tolomeo: { path: layers/meta-tolomeo }
  release-plan: { path: ${RELEASE_PLAN}, layers: { .: disabled } }
local_conf_header:
  image: |
    EXTRA_IMAGECMD:squashfs = "-comp zstd -Xcompression-level 3"
`,
  );
  here.kas = { ...here.kas, config: [file, here.kas.config[1] ?? ''] };
  return here;
}

const prove = async (here: Project, version: string): Promise<string[]> =>
  await locked(here, async (directory) => {
    const { startedAtNs } = await build(here, directory, version);
    const proofs = await proveBuild({
      deploy: here.deploy,
      partitions: [{ ...ROOTFS, file: 'image-plain-{machine}.squashfs' }],
      machine: MACHINE,
      distro: DISTRO,
      image: 'image-plain',
      version,
      startedAtNs,
      scratchDir: directory.notes,
    });
    return proofs.map(({ check, result }) => `${check} ${result}`);
  });

test('kas/buildinfo.yml puts each version into the image, where the proof looks for it', async () => {
  const here = plainProduct('fragment', '  includes:\n    - { repo: release-plan, file: kas/buildinfo.yml }');
  for (const version of ['0.1.0', '0.2.0'])
    assert.equal(await prove(here, version), ['fresh-image pass', 'build-version pass']);
});

test('without it, nothing in the image says so', async () => {
  const here = plainProduct('no-fragment', '');
  await failsWith('build-version-unproven', () => prove(here, '0.1.0'));
});

test.run();
