import { join } from 'node:path';
import type { Context } from '../context.ts';
import { isListening } from '../processes/ports.ts';
import type { Peer } from './fabric-layout.ts';

/**
 * With `--state-db couchdb`: the state database of the peer. Uses a CouchDB that listens on the port, otherwise starts an in-memory
 * model of it. The peer rebuilds an empty database from its blocks, but only when it starts.
 */
export async function startStateDatabase(context: Context, peer: Peer): Promise<void> {
  const { processes, options, configuration, root, signal } = context;
  if (options.stateDatabase !== 'couchdb') return;
  const port = peer.ports.couchdb;
  const name = couchdbOf(peer);
  if (!processes.isAlive(name)) {
    if (await isListening(port)) return;
    await processes.stop(peer.name);
    const main = join(root, 'tools', 'stack', 'dist', 'couchdb', 'main.js');
    processes.start(name, process.execPath, [main, String(port), configuration.versions.couchdb], { cwd: root });
    context.say(`${name}: in-memory model of CouchDB, for functional tests; its performance is not that of CouchDB`);
  }
  await processes.ready(name, () => isListening(port), signal);
}

const couchdbOf = (peer: Peer): string => peer.name.replace('peer', 'couchdb');
