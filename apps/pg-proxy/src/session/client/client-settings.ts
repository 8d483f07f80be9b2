import { hasInvalidBytes } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { reportsOfRole, type ServerReports } from '../backend/server-reports.ts';
import { reportedReading, silentReading } from '../left-behind/reading.ts';
import type { Letters } from '../left-behind/letters.ts';
import type { SessionWatch } from '../left-behind/session-watch.ts';
import { areHasty, settingsKey, type Settings } from '../left-behind/settings.ts';

const nothing: Settings = new Map();

const reports = reportedReading.map((report) => ({ report, name: report.toLowerCase() }));

/** PostgreSQL's names for UTF-8; empty where the encoding is not known. */
const utf8Names: ReadonlySet<string> = new Set(['utf8', 'unicode', '']);
/** Encodings in which the second byte of a character may look like ASCII. */
const mixedNames = /^(?:sjis|mskanji|shiftjis|big5|gbk|gb18030|uhc|johab|(?:win|windows)(?:932|936|949|950)$)/;

let clients = 0;

/** The settings of a client, from login and since. They follow the client from backend to backend. */
export class ClientSettings {
  #atLogin: Settings;
  readonly #watch: SessionWatch;
  #reportedAtLogin: ReadonlyMap<string, string> = new Map();
  #readingAtLogin: string | undefined;
  /** The values that the server reports for settings nobody has changed, as this client last heard them. */
  heardOf: ServerReports | undefined;
  /** Stands for an unknown value: equal to no other client's. */
  readonly #unknown = `?${++clients}`;
  /** The client's process was started with its settings: no other process accepts all of them, and RESET returns to them by itself. */
  isOfProcess = false;
  current: Settings;
  /** Equal for two clients with equal settings. */
  key: string;
  /** Resetting these settings must be awaited before the backend is given to another client. */
  areHasty: boolean;

  constructor(atLogin: Settings, watch: SessionWatch) {
    this.#atLogin = atLogin;
    this.#watch = watch;
    this.current = atLogin;
    this.key = settingsKey(atLogin);
    this.areHasty = areHasty(atLogin);
  }

  /** Called at the end of a transaction. */
  follow(backend: Backend | undefined): void {
    if (!this.#watch.takeSet()) return;
    const settings = new Map(this.#atLogin);
    for (const [name, value] of this.#watch.parameters) {
      // The reported value counts: SET datestyle to DMY, for example, changes only one half of it.
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

  /**
   * The settings that the session started with. RESET on a shared backend returns to the backend's own values instead, so the proxy
   * restores these.
   */
  get began(): Settings {
    return this.isOfProcess ? nothing : this.#atLogin;
  }

  /** The settings lost by a RESET ALL, without those that the client has set since. */
  get lost(): Settings {
    const { parameters } = this.#watch;
    return new Map([...this.began].filter(([name]) => !parameters.has(name)));
  }

  /** The values that servers have reported for these settings, as far as they report them. */
  get reportedAtLogin(): ReadonlyMap<string, string> {
    return this.#reportedAtLogin;
  }

  set reportedAtLogin(reported: ReadonlyMap<string, string>) {
    this.#reportedAtLogin = reported;
    this.#readingAtLogin = undefined;
    // A startup packet may carry bytes that are not valid text. They cannot be set again, but what the server reports for them can.
    for (const [report, value] of reported) {
      const name = report.toLowerCase();
      if (hasInvalidBytes(this.#atLogin.get(name) ?? '')) this.#atLogin = new Map([...this.#atLogin, [name, value]]);
    }
    if (this.#watch.parameters.size === 0) this.#become(this.#atLogin);
  }

  /** Parameters that the client has not set and that its backend reports differently from what the client was told. */
  heardOtherwise(reports: ServerReports): readonly (readonly [string, string])[] {
    this.heardOf = reports;
    const others = [...reports].filter(
      ([name, value]) =>
        this.#reportedAtLogin.get(name) !== value && !reportsOfRole.has(name) && !this.current.has(name.toLowerCase()),
    );
    if (others.length > 0) this.reportedAtLogin = new Map([...this.#reportedAtLogin, ...others]);
    return others;
  }

  /** How the bytes of this client's texts are decoded. */
  get letters(): Letters {
    const reported = this.#reported('client_encoding', 'client_encoding');
    if (reported === 'UTF8') return 'utf8';
    const encoding = reported.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
    if (utf8Names.has(encoding)) return 'utf8';
    return mixedNames.test(encoding) ? 'mixed' : 'other';
  }

  /**
   * Everything that decides how a server interprets a text prepared for this client: how names resolve, and how constants are read
   * ('2024-01-02' depends on DateStyle and TimeZone, for example). Two clients with equal keys mean the same by the same text. A client
   * with temporary tables shares its key with nobody, because those tables hide others.
   */
  get reading(): string {
    if (this.#watch.parameters.size > 0 || this.#watch.temporaryMark !== undefined) return this.#readingBy(undefined);
    return (this.#readingAtLogin ??= this.#readingBy(undefined));
  }

  /** The same within a transaction, which may have its own local settings. */
  readingInside({ settings: { parameters } }: Backend): string {
    const isOther = reports.some(({ report, name }) => parameters.get(report) !== this.#reported(report, name));
    return isOther ? this.#readingBy(parameters) : this.reading;
  }

  /** The same while a running statement may change it. */
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
