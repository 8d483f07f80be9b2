import { freePort, untilListens } from '@medrex/contracts/testing';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const places = { slapd: ['/usr/sbin/slapd', '/usr/lib/openldap/slapd', '/usr/libexec/slapd'] };
const schemas = ['/etc/ldap/schema', '/etc/openldap/schema'].find((folder) => existsSync(folder));

/** Path of OpenLDAP's slapd; undefined if it is not installed. */
export const slapdBinary: string | undefined =
  schemas === undefined ? undefined : places.slapd.find((path) => existsSync(path));

const base = 'dc=clinic,dc=example';
const person = (uid: string, password: string, more = ''): string =>
  `dn: uid=${uid},ou=people,${base}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n${more}userPassword: ${password}\n\n`;
const entries = `dn: ${base}\nobjectClass: dcObject\nobjectClass: organization\no: clinic\ndc: clinic\n
dn: ou=people,${base}\nobjectClass: organizationalUnit\nou: people\n
${person('app', 'right', 'mail: shared@clinic.example\n')}${person('other', 'right too', 'mail: shared@clinic.example\n')}`;

/** A slapd with a few users in a temporary folder; listens by ldap:// with StartTLS, and ldaps://. */
export class Slapd {
  readonly base = base;
  readonly url: string;
  readonly securedUrl: string;
  readonly ca: Buffer;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess, urls: readonly [string, string]) {
    this.#folder = folder;
    this.#child = child;
    [this.url, this.securedUrl] = urls;
    this.ca = readFileSync(join(folder, 'cert.pem'));
  }

  static async start(binary: string): Promise<Slapd> {
    const folder = mkdtempSync(join(tmpdir(), 'medrex-slapd-'));
    mkdirSync(join(folder, 'db'));
    const [config, cert, key] = ['slapd.conf', 'cert.pem', 'key.pem'].map((name) => join(folder, name)) as [
      ...[string, string, string],
    ];
    run('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    ]);
    writeFileSync(config, configOf(folder, cert, key));
    writeFileSync(join(folder, 'people.ldif'), entries);
    run(binary, ['-T', 'add', '-f', config, '-l', join(folder, 'people.ldif')]);
    const [plain, secured] = [await freePort(), await freePort()];
    const urls = [`ldap://localhost:${plain}`, `ldaps://localhost:${secured}`] as const;
    const listen = `ldap://127.0.0.1:${plain}/ ldaps://127.0.0.1:${secured}/`;
    const child = spawn(binary, ['-f', config, '-h', listen, '-d', '0'], { stdio: 'ignore' });
    await untilListens(plain, 'slapd');
    return new Slapd(folder, child, urls);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await gone;
    rmSync(this.#folder, { recursive: true });
  }
}

function configOf(folder: string, cert: string, key: string): string {
  const include = ['core', 'cosine', 'inetorgperson'].map((name) => `include ${schemas ?? ''}/${name}.schema`);
  return [
    ...include,
    ...['modulepath /usr/lib/ldap', 'moduleload back_mdb', `pidfile ${folder}/pid`],
    ...[`TLSCertificateFile ${cert}`, `TLSCertificateKeyFile ${key}`, 'database mdb', `suffix "${base}"`],
    ...[`rootdn "cn=admin,${base}"`, 'rootpw finder', `directory ${folder}/db`],
    // Searches need an authenticated bind.
    'access to * by dn="cn=admin,dc=clinic,dc=example" read by anonymous auth by * none',
    '',
  ].join('\n');
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
}
