import { hasKeptBytes } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { reportsOfRole, type ServerReports } from '../backend/server-reports.ts';
import { reportedReading, silentReading } from '../left-behind/reading.ts';
import type { Letters } from '../left-behind/letters.ts';
import type { SessionWatch } from '../left-behind/session-watch.ts';
import { areHasty, settingsKey, type Settings } from '../left-behind/settings.ts';

const nothing: Settings = new Map();

const reports = reportedReading.map((report) => ({ report, name: report.toLowerCase() }));

/** The names of PostgreSQL for it, and that of who does not know one. */
const utf8Names: ReadonlySet<string> = new Set(['utf8', 'unicode', '']);
/** Those of encodings in which the second byte of a letter may look like ASCII. */
const mixedNames = /^(?:sjis|mskanji|shiftjis|big5|gbk|gb18030|uhc|johab|(?:win|windows)(?:932|936|949|950)$)/;

let clients = 0;

/** What a client has set, at login and since: it goes with the client from backend to backend. */
export class ClientSettings {
  #atLogin: Settings;
  readonly #watch: SessionWatch;
  #reportedAtLogin: ReadonlyMap<string, string> = new Map();
  #readingAtLogin: string | undefined;
  /** What its server reports where nobody has set anything, as far as the client knows. */
  heardOf: ServerReports | undefined;
  /** In place of a value that is not known: nobody else has it. */
  readonly #unknown = `?${++clients}`;
  /** Its process has begun with what it came with: no other one takes all of that, and RESET goes back there by itself. */
  isOfProcess = false;
  current: Settings;
  /** By which two that are equal are told. */
  key: string;
  /** What takes them back must be waited for: as `areHasty`. */
  areHasty: boolean;

  constructor(atLogin: Settings, watch: SessionWatch) {
    this.#atLogin = atLogin;
    this.#watch = watch;
    this.current = atLogin;
    this.key = settingsKey(atLogin);
    this.areHasty = areHasty(atLogin);
  }

  /** At the end of a transaction. */
  follow(backend: Backend | undefined): void {
    if (!this.#watch.takeSet()) return;
    const settings = new Map(this.#atLogin);
    for (const [name, value] of this.#watch.parameters) {
      // What the server reports is what it came to: SET datestyle to DMY leaves the other half as it was.
      const now = backend?.settings.valueOf(name) ?? value;
      if (now !== undefined) settings.set(name, now);
    }
    this.#become(settings);
    backend?.settings.touched();
  }

  #become(settings: Settings): void {
    this.current = settings;
    this.key = settingsKey(settings);
    this.areHasty = areHasty(settings);
  }

  /** What the session began with: RESET takes it back to what the server knows of that, which is not this. */
  get began(): Settings {
    return this.isOfProcess ? nothing : this.#atLogin;
  }

  /** What it has lost, where everything was reset and it has set what it has since. */
  get lost(): Settings {
    const { parameters } = this.#watch;
    return new Map([...this.began].filter(([name]) => !parameters.has(name)));
  }

  /** What a server has said that they come to, as far as servers do. */
  get reportedAtLogin(): ReadonlyMap<string, string> {
    return this.#reportedAtLogin;
  }

  set reportedAtLogin(reported: ReadonlyMap<string, string>) {
    this.#reportedAtLogin = reported;
    this.#readingAtLogin = undefined;
    // The bytes of a startup packet are taken as they are; what a server makes of some that are no text can be set again.
    for (const [report, value] of reported) {
      const name = report.toLowerCase();
      if (hasKeptBytes(this.#atLogin.get(name) ?? '')) this.#atLogin = new Map([...this.#atLogin, [name, value]]);
    }
    if (this.#watch.parameters.size === 0) this.#become(this.#atLogin);
  }

  /** What the server of its backend reports otherwise than the client was told, of what it has not set itself. */
  heardOtherwise(reports: ServerReports): readonly (readonly [string, string])[] {
    this.heardOf = reports;
    const others = [...reports].filter(
      ([name, value]) =>
        this.#reportedAtLogin.get(name) !== value && !reportsOfRole.has(name) && !this.current.has(name.toLowerCase()),
    );
    if (others.length > 0) this.reportedAtLogin = new Map([...this.#reportedAtLogin, ...others]);
    return others;
  }

  /** How the bytes of its texts are letters. */
  get letters(): Letters {
    const reported = this.#reported('client_encoding', 'client_encoding');
    if (reported === 'UTF8') return 'utf8';
    const encoding = reported.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
    if (utf8Names.has(encoding)) return 'utf8';
    return mixedNames.test(encoding) ? 'mixed' : 'other';
  }

  /**
   * How a server reads a text that it prepares for this client: what names mean in it, and constants ('2024-01-02' by DateStyle and TimeZone,
   * for example). Equal for clients for which a text means the same: for nobody else where it has temporary tables, which stand before others.
   */
  get reading(): string {
    if (this.#watch.parameters.size > 0 || this.#watch.temporaryMark !== undefined) return this.#readingBy(undefined);
    return (this.#readingAtLogin ??= this.#readingBy(undefined));
  }

  /** The same within a transaction, which may have set some for itself alone. */
  readingInside({ settings: { parameters } }: Backend): string {
    const isOther = reports.some(({ report, name }) => parameters.get(report) !== this.#reported(report, name));
    return isOther ? this.#readingBy(parameters) : this.reading;
  }

  /** While something is under way that may set it. */
  get readingUnknown(): string {
    return this.#unknown;
  }

  #readingBy(now: ReadonlyMap<string, string> | undefined): string {
    const { parameters } = this.#watch;
    const silent = silentReading.map((name) =>
      parameters.has(name) ? (parameters.get(name) ?? this.#unknown) : (this.#atLogin.get(name) ?? ''),
    );
    const reported = reports.map(({ report, name }) => now?.get(report) ?? this.#reported(report, name));
    return [...silent, ...reported].join('\0') + (this.#watch.temporaryMark ?? '');
  }

  #reported(report: string, name: string): string {
    const { parameters } = this.#watch;
    if (!parameters.has(name)) return this.#reportedAtLogin.get(report) ?? this.#atLogin.get(name) ?? '';
    return this.current.get(name) ?? parameters.get(name) ?? this.#unknown;
  }
}
