/**
 * Socket options for clients and servers. A peer that has been silent for a minute is probed by the kernel, as PostgreSQL, libpq and
 * PgBouncer do it: one that vanished without a word (a machine without power, a network that forgot the connection) is found out 10 s later
 * and stops holding a place or a backend. A minute is shorter than the idle timeouts of cloud load balancers and NAT.
 */
export const tcpOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;
