/** hawkBit's own server, made of its starters from Maven Central. */
import { cpSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { scratch } from '../scratch.ts';
import { installWith, startPeer, type Peer, type PeerRecipe } from './peer.ts';

const SOURCES = fileURLToPath(new URL('../../peers/hawkbit/', import.meta.url));

const hawkbit: PeerRecipe = {
  name: 'hawkbit',
  version: '0.3.0M7',
  async install(dir) {
    mkdirSync(`${dir}/classes/META-INF`, { recursive: true });
    cpSync(`${SOURCES}pom.xml`, `${dir}/pom.xml`);
    cpSync(`${SOURCES}validation.xml`, `${dir}/classes/META-INF/validation.xml`);
    cpSync(`${SOURCES}application.properties`, `${dir}/classes/application.properties`);
    await installWith('mvn', ['-B', '-q', 'dependency:copy-dependencies', `-DoutputDirectory=${dir}/lib`], dir);
    // Its Spring reads class files up to Java 14.
    const args = ['--release', '8', '-nowarn', '-cp', `${dir}/lib/*`, '-d', `${dir}/classes`, `${SOURCES}Start.java`];
    await installWith('javac', args, dir);
  },
  command: ({ dir, state, port }) => [
    'java',
    '-Xmx512m',
    '-XX:TieredStopAtLevel=1',
    ...['java.base/java.lang', 'java.base/java.util'].flatMap((one) => ['--add-opens', `${one}=ALL-UNNAMED`]),
    '-cp',
    `${dir}/classes:${dir}/lib/*`,
    'peer.Start',
    `--server.port=${port}`,
    `--org.eclipse.hawkbit.repository.file.path=${state}/artifacts`,
    // Devices poll as often as the server says.
    '--hawkbit.controller.pollingTime=00:00:02',
    '--hawkbit.controller.minPollingTime=00:00:01',
  ],
  probe: '/rest/v1/targets',
  startMs: 180_000,
};

/** Starts it with an empty database in memory; its user is admin, its password admin. */
export async function startHawkbit(): Promise<Peer> {
  const peer = await startPeer(hawkbit, scratch('hawkbit'));
  if ('url' in peer) {
    // The first login makes the tenant; before it every device is refused.
    const authorization = `Basic ${Buffer.from('admin:admin').toString('base64')}`;
    const answer = await fetch(`${peer.url}/rest/v1/targets`, { headers: { authorization } });
    if (!answer.ok) throw new Error(`hawkBit answered ${answer.status}: ${peer.log().slice(-500)}`);
  }
  return peer;
}
