import { TLSSocket } from 'node:tls';
import type { PooledBackend } from '@medrex/pool';
import type { ColumnBounds } from '@medrex/sql';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import { unixAddress } from '../login/unix-socket.ts';
import { isSocketFolder } from '../upstream/connect.ts';
import type { ConsoleSession } from './console-session.ts';
import type { ShowContext } from './show.ts';
import { timestamptz, int4, tableOf, bool, int8, type Table } from './table.ts';

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

const clientRows = ({ host, consoleSessions }: ShowContext): readonly Row[] => [
  ...[...host.clients].map((client) => ({ client, state: stateOfClient(client) })),
  ...[...consoleSessions].map((console) => ({ console, state: 'active' })),
];
const serverRows = ({ host }: ShowContext): readonly Row[] =>
  host.pools.backends().map((server) => ({ server, state: stateOfServer[server.state] }));

const clientOf = ({ client, console }: Row) => client ?? console?.client;
const socketOf = (row: Row) => clientOf(row)?.socket ?? row.server?.handle?.socket;

const idOf = (row: Row) => clientOf(row)?.processId ?? row.server?.id;

/** The two ends of a connection. */
interface Endpoints {
  readonly addr: string | undefined;
  readonly port: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

const unixEndpoints = (port: number | undefined): Endpoints => {
  return { addr: unixAddress, port, localAddress: unixAddress, localPort: port };
};

function tlsOf(row: Row): string {
  const socket = socketOf(row);
  if (!(socket instanceof TLSSocket) || socket.destroyed) return '';
  return `${socket.getProtocol() ?? ''}/${socket.getCipher().standardName}`;
}

/** SHOW prints times as text, as PgBouncer does; columns of tables are timestamps. */
const timeFor =
  (wanted: ColumnBounds | undefined) =>
  (read: (row: Row) => number | undefined): ReturnType<typeof timestamptz<Row>> | ((row: Row) => string | undefined) =>
    wanted === undefined ? (row) => timeText(read(row)) : timestamptz(read);

const timeText = (epochMs: number | undefined): string | undefined =>
  epochMs === undefined ? undefined : new Date(epochMs).toISOString().replace(/T(.{8}).*/, ' $1 UTC');

/** PgBouncer's columns, in its order. */
function columnsOf({ host, config, epochOf }: ShowContext, wanted: ColumnBounds | undefined) {
  const time = timeFor(wanted);
  const momentOf = (atMs: number | undefined): number | undefined => (atMs === undefined ? undefined : epochOf(atMs));
  const waitedMs = ({ client }: Row): number =>
    client?.pooled.isWaiting === true ? host.now() - client.pooled.waitingSinceMs : 0;
  const endpointsOf = (row: Row): Endpoints => {
    const [guest, { host, ipAddress, port } = {}] = [clientOf(row), row.server?.handle?.address];
    if (guest?.address === unixAddress) return unixEndpoints(config.listen.port);
    if (isSocketFolder(host ?? '')) return unixEndpoints(port);
    const { remotePort, localAddress, localPort } = socketOf(row) ?? {};
    return {
      addr: guest?.address ?? ipAddress ?? host,
      port: guest === undefined ? port : remotePort,
      localAddress,
      localPort,
    };
  };
  return {
    type: ({ server }: Row) => (server === undefined ? 'C' : 'S'),
    user: (row: Row) => clientOf(row)?.user ?? row.server?.pool.name.user,
    database: (row: Row) => clientOf(row)?.database ?? row.server?.pool.name.database,
    replication: () => 'none',
    state: ({ state }: Row) => state,
    addr: (row: Row) => endpointsOf(row).addr,
    port: int4((row: Row) => endpointsOf(row).port),
    local_addr: (row: Row) => endpointsOf(row).localAddress,
    local_port: int4((row: Row) => endpointsOf(row).localPort),
    connect_time: time(({ client, console, server }: Row) =>
      momentOf((client ?? console)?.connectedAtMs ?? server?.openedAtMs),
    ),
    request_time: time(({ client, console, server }: Row) =>
      momentOf((client ?? console)?.lastMessageAtMs ?? server?.lastAnswerAtMs),
    ),
    wait: int4((row: Row) => Math.floor(waitedMs(row) / 1_000)),
    wait_us: int4((row: Row) => Math.floor(waitedMs(row) * 1_000) % 1_000_000),
    close_needed: int4(({ server }: Row) => (server?.closeAtCheckin === undefined ? 0 : 1)),
    ptr: idOf,
    link: ({ client, server }: Row) => client?.pooled.backend?.id ?? server?.client?.handle.processId ?? '',
    remote_pid: int4(({ server }: Row) => server?.handle?.key?.processId ?? 0),
    tls: tlsOf,
    application_name: (row: Row) =>
      clientOf(row)?.application ?? row.server?.handle?.settings.valueOf('application_name') ?? '',
    prepared_statements: int4(({ client, server }: Row) => client?.preparedCount ?? server?.handle?.prepared.size ?? 0),
    // A client's process id may pass to another client; it is also what cancels it.
    id: int4(idOf),
  };
}

export function clients(context: ShowContext, wanted?: ColumnBounds): Table {
  return tableOf(clientRows(context), {
    ...columnsOf(context, wanted),
    ...(wanted !== undefined && {
      pinned: bool(({ client }: Row) => client?.isPinned === true),
      trace_id: ({ client }: Row) => (client === undefined ? undefined : context.traceOf?.(client)),
    }),
  });
}

export function servers(context: ShowContext, wanted?: ColumnBounds): Table {
  return tableOf(serverRows(context), {
    ...columnsOf(context, wanted),
    ...(wanted !== undefined && {
      upstream: ({ server }: Row) => server?.pool.name.upstream,
      age: int4(({ server }: Row) => Math.floor((context.host.now() - (server?.openedAtMs ?? 0)) / 1_000)),
    }),
  });
}

const prefixed = (prefix: string, rows: readonly Row[]): readonly Row[] =>
  rows.map((row) => ({ ...row, state: `${prefix}_${row.state === 'new' ? 'login' : row.state}` }));

/** Both sides. */
export function sockets(context: ShowContext, wanted?: ColumnBounds): Table {
  return tableOfSockets(context, wanted, [
    ...prefixed('cl', clientRows(context)),
    ...prefixed('sv', serverRows(context)),
  ]);
}

/** Connections on which something is running. */
export function activeSockets(context: ShowContext, wanted?: ColumnBounds): Table {
  const isBusy = ({ state }: Row): boolean => state !== 'idle';
  const [ofClients, ofServers] = [clientRows(context).filter(isBusy), serverRows(context).filter(isBusy)];
  return tableOfSockets(context, wanted, [...prefixed('cl', ofClients), ...prefixed('sv', ofServers)]);
}

function tableOfSockets(context: ShowContext, wanted: ColumnBounds | undefined, rows: readonly Row[]): Table {
  const none = int4(() => 0);
  return tableOf(rows, {
    ...columnsOf(context, wanted),
    recv_pos: none,
    pkt_pos: none,
    pkt_remain: none,
    send_pos: none,
    send_remain: none,
    pkt_avail: none,
    send_avail: int8(({ client, server }: Row) => client?.outbox.backlog ?? server?.handle?.outbox.backlog ?? 0),
  });
}
