import { fromIni, type FromIni } from '../config/pgbouncer/from-ini.ts';

/** The least that a pgbouncer.ini has. */
export const ini = '[databases]\nclinic = host=db port=5433\n[pgbouncer]\nauth_file = /etc/users.txt\n';

/** Reads a pgbouncer.ini that may name those other files; no others are there. */
export function readIni(text: string, others: Readonly<Record<string, string>> = {}): FromIni {
  return fromIni('/etc/pgbouncer.ini', (file) => {
    const found = file === '/etc/pgbouncer.ini' ? text : others[file];
    if (found === undefined) throw new Error('no such file');
    return found;
  });
}
