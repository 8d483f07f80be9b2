/**
 * Of connections to clients and to servers. An end that says nothing for a minute is asked by the system whether it is there, as PostgreSQL,
 * libpq and PgBouncer have it done: who has gone without a word (a machine without power, a network that forgot) is found out 10 s
 * later, and holds no place, no backend and no client for longer. Shorter than what balancers and NAT of clouds wait for.
 */
export const tcpOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;
