import { TLSSocket } from 'node:tls';
import type { PooledBackend } from '@medrex/pool';
import type { Wanted } from '@medrex/sql';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import { unixAddress } from '../login/unix-socket.ts';
import { isSocketFolder } from '../upstream/connect.ts';
import type { ConsoleSession } from './console-session.ts';
import type { Sight } from './show.ts';
import { instant, small, tableOf, truth, whole, type Table } from './table.ts';

type Server = PooledBackend<Client, Backend>;
/** A connection of a client, of a user at the console, or to a server. */
interface Row {
  readonly client?: Client | undefined;
  readonly console?: ConsoleSession | undefined;
  readonly server?: Server | undefined;
  readonly state: string;
}

/** In PgBouncer's words. */
const stateOfServer: Readonly<Record<Server['state'], string>> = {
  opening: 'new',
  idle: 'idle',
  active: 'active',
  resetting: 'tested',
  checking: 'tested',
  closing: 'closing',
  closed: 'closing',
};

const stateOfClient = (client: Client): string =>
  client.isWaiting ? 'waiting' : client.backend === undefined ? 'idle' : 'active';

const clientRows = ({ host, consoles }: Sight): readonly Row[] => [
  ...[...host.clients].map((client) => ({ client, state: stateOfClient(client) })),
  ...[...consoles].map((console) => ({ console, state: 'active' })),
];
const serverRows = ({ host }: Sight): readonly Row[] =>
  host.pools.backends().map((server) => ({ server, state: stateOfServer[server.state] }));

const guestOf = ({ client, console }: Row) => client ?? console?.visitor;
const socketOf = (row: Row) => guestOf(row)?.socket ?? row.server?.handle?.socket;

const idOf = (row: Row) => guestOf(row)?.processId ?? row.server?.id;

/** The two ends of a connection. */
interface Sides {
  readonly addr: string | undefined;
  readonly port: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

const sidesOfUnix = (port: number | undefined): Sides => {
  return { addr: unixAddress, port, localAddress: unixAddress, localPort: port };
};

function tlsOf(row: Row): string {
  const socket = socketOf(row);
  if (!(socket instanceof TLSSocket) || socket.destroyed) return '';
  return `${socket.getProtocol() ?? ''}/${socket.getCipher().standardName}`;
}

/** SHOW prints times as text, as PgBouncer does; columns of tables are timestamps. */
const timeFor =
  (wanted: Wanted | undefined) =>
  (read: (row: Row) => number | undefined): ReturnType<typeof instant<Row>> | ((row: Row) => string | undefined) =>
    wanted === undefined ? (row) => inWords(read(row)) : instant(read);

const inWords = (epochMs: number | undefined): string | undefined =>
  epochMs === undefined ? undefined : new Date(epochMs).toISOString().replace(/T(.{8}).*/, ' $1 UTC');

/** PgBouncer's columns, in its order. */
function columnsOf({ host, config, epochOf }: Sight, wanted: Wanted | undefined) {
  const time = timeFor(wanted);
  const momentOf = (atMs: number | undefined): number | undefined => (atMs === undefined ? undefined : epochOf(atMs));
  const waitedMs = ({ client }: Row): number =>
    client?.pooled.isWaiting === true ? host.now() - client.pooled.waitingSinceMs : 0;
  const sidesOf = (row: Row): Sides => {
    const [guest, { host, at, port } = {}] = [guestOf(row), row.server?.handle?.address];
    if (guest?.address === unixAddress) return sidesOfUnix(config.listen.port);
    if (isSocketFolder(host ?? '')) return sidesOfUnix(port);
    const { remotePort, localAddress, localPort } = socketOf(row) ?? {};
    return {
      addr: guest?.address ?? at ?? host,
      port: guest === undefined ? port : remotePort,
      localAddress,
      localPort,
    };
  };
  return {
    type: ({ server }: Row) => (server === undefined ? 'C' : 'S'),
    user: (row: Row) => guestOf(row)?.user ?? row.server?.pool.name.user,
    database: (row: Row) => guestOf(row)?.database ?? row.server?.pool.name.database,
    replication: () => 'none',
    state: ({ state }: Row) => state,
    addr: (row: Row) => sidesOf(row).addr,
    port: small((row: Row) => sidesOf(row).port),
    local_addr: (row: Row) => sidesOf(row).localAddress,
    local_port: small((row: Row) => sidesOf(row).localPort),
    connect_time: time(({ client, console, server }: Row) =>
      momentOf((client ?? console)?.cameAtMs ?? server?.openedAtMs),
    ),
    request_time: time(({ client, console, server }: Row) =>
      momentOf((client ?? console)?.heardAtMs ?? server?.heardAtMs),
    ),
    wait: small((row: Row) => Math.floor(waitedMs(row) / 1_000)),
    wait_us: small((row: Row) => Math.floor(waitedMs(row) * 1_000) % 1_000_000),
    close_needed: small(({ server }: Row) => (server?.closeAtCheckin === undefined ? 0 : 1)),
    ptr: idOf,
    link: ({ client, server }: Row) => client?.pooled.backend?.id ?? server?.client?.handle.processId ?? '',
    remote_pid: small(({ server }: Row) => server?.handle?.key?.processId ?? 0),
    tls: tlsOf,
    application_name: (row: Row) =>
      guestOf(row)?.application ?? row.server?.handle?.settings.valueOf('application_name') ?? '',
    prepared_statements: small(
      ({ client, server }: Row) => client?.preparedCount ?? server?.handle?.prepared.size ?? 0,
    ),
    // A client's process id may pass to another client; it is also what cancels it.
    id: small(idOf),
  };
}

export function clients(sight: Sight, wanted?: Wanted): Table {
  return tableOf(clientRows(sight), {
    ...columnsOf(sight, wanted),
    ...(wanted !== undefined && {
      pinned: truth(({ client }: Row) => client?.isPinned === true),
      trace_id: ({ client }: Row) => (client === undefined ? undefined : sight.traceOf?.(client)),
    }),
  });
}

export function servers(sight: Sight, wanted?: Wanted): Table {
  return tableOf(serverRows(sight), {
    ...columnsOf(sight, wanted),
    ...(wanted !== undefined && {
      upstream: ({ server }: Row) => server?.pool.name.upstream,
      age: small(({ server }: Row) => Math.floor((sight.host.now() - (server?.openedAtMs ?? 0)) / 1_000)),
    }),
  });
}

const prefixed = (prefix: string, rows: readonly Row[]): readonly Row[] =>
  rows.map((row) => ({ ...row, state: `${prefix}_${row.state === 'new' ? 'login' : row.state}` }));

/** Both sides. */
export function sockets(sight: Sight, wanted?: Wanted): Table {
  return tableOfSockets(sight, wanted, [...prefixed('cl', clientRows(sight)), ...prefixed('sv', serverRows(sight))]);
}

/** Connections on which something is running. */
export function activeSockets(sight: Sight, wanted?: Wanted): Table {
  const isBusy = ({ state }: Row): boolean => state !== 'idle';
  const [ofClients, ofServers] = [clientRows(sight).filter(isBusy), serverRows(sight).filter(isBusy)];
  return tableOfSockets(sight, wanted, [...prefixed('cl', ofClients), ...prefixed('sv', ofServers)]);
}

function tableOfSockets(sight: Sight, wanted: Wanted | undefined, rows: readonly Row[]): Table {
  const none = small(() => 0);
  return tableOf(rows, {
    ...columnsOf(sight, wanted),
    recv_pos: none,
    pkt_pos: none,
    pkt_remain: none,
    send_pos: none,
    send_remain: none,
    pkt_avail: none,
    send_avail: whole(({ client, server }: Row) => client?.outbox.backlog ?? server?.handle?.outbox.backlog ?? 0),
  });
}
