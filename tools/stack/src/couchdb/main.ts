import { CouchdbServer } from './couchdb-server.ts';

const [port = '0', version = '3'] = process.argv.slice(2);
const server = new CouchdbServer(version);
console.log(
  `a model of CouchDB in memory, for a peer's functional tests, on port ${await server.listen(Number(port))}`,
);

const stop = (): void => void server.close().then(() => process.exit(0));
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
