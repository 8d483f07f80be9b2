import { fromIni, type FromIni } from '../config/pgbouncer/from-ini.ts';

/** The smallest valid pgbouncer.ini. */
export const ini = '[databases]\nclinic = host=db port=5433\n[pgbouncer]\nauth_file = /etc/users.txt\n';

/** Reads a pgbouncer.ini that may name the given other files, and no others. */
export function readIni(text: string, others: Readonly<Record<string, string>> = {}): FromIni {
  return fromIni('/etc/pgbouncer.ini', (file) => {
    const found = file === '/etc/pgbouncer.ini' ? text : others[file];
    if (found === undefined) throw new Error('no such file');
    return found;
  });
}
