import { hasInvalidBytes } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { reportsOfRole, type ServerReports } from '../backend/server-reports.ts';
import { reportedInterpretation, unreportedInterpretation } from '../state/text-interpretation.ts';
import type { TextEncoding } from '../state/text-encoding.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import { haveShortTimeout, settingsKey, type Settings } from '../state/settings.ts';

const nothing: Settings = new Map();

const reports = reportedInterpretation.map((report) => ({ report, name: report.toLowerCase() }));

/** PostgreSQL's names for UTF-8; empty where the encoding is not known. */
const utf8Names: ReadonlySet<string> = new Set(['utf8', 'unicode', '']);
/** Encodings in which the second byte of a character may look like ASCII. */
const mixedNames = /^(?:sjis|mskanji|shiftjis|big5|gbk|gb18030|uhc|johab|(?:win|windows)(?:932|936|949|950)$)/;

let clients = 0;

/** The settings of a client, from login and since. They follow the client from backend to backend. */
export class ClientSettings {
  #atLogin: Settings;
  readonly #watch: SessionTracker;
  #reportedAtLogin: ReadonlyMap<string, string> = new Map();
  #interpretationAtLogin: string | undefined;
  /** The values that the server reports for settings nobody has changed, as this client last heard them. */
  knownReports: ServerReports | undefined;
  /** Stands for an unknown value: equal to no other client's. */
  readonly #unknown = `?${++clients}`;
  /** The client's process was started with its settings: no other process accepts all of them, and RESET returns to them by itself. */
  isOfProcess = false;
  current: Settings;
  /** Equal for two clients with equal settings. */
  key: string;
  /** Resetting these settings must be awaited before the backend is given to another client. */
  haveShortTimeout: boolean;

  constructor(atLogin: Settings, watch: SessionTracker) {
    this.#atLogin = atLogin;
    this.#watch = watch;
    this.current = atLogin;
    this.key = settingsKey(atLogin);
    this.haveShortTimeout = haveShortTimeout(atLogin);
  }

  /** Called at the end of a transaction. */
  updateFrom(backend: Backend | undefined): void {
    if (!this.#watch.takeMayHaveSet()) return;
    const settings = new Map(this.#atLogin);
    for (const [name, value] of this.#watch.parameters) {
      // The reported value counts: SET datestyle to DMY, for example, changes only one half of it.
      const now = backend?.settings.valueOf(name) ?? value;
      if (now !== undefined) settings.set(name, now);
    }
    this.#set(settings);
    backend?.settings.markUnknown();
  }

  #set(settings: Settings): void {
    this.current = settings;
    this.key = settingsKey(settings);
    this.haveShortTimeout = haveShortTimeout(settings);
  }

  /**
   * The settings that the session started with. RESET on a shared backend returns to the backend's own values instead, so the proxy
   * restores these.
   */
  get startup(): Settings {
    return this.isOfProcess ? nothing : this.#atLogin;
  }

  /** The settings lost by a RESET ALL, without those that the client has set since. */
  get resetSettings(): Settings {
    const { parameters } = this.#watch;
    return new Map([...this.startup].filter(([name]) => !parameters.has(name)));
  }

  /** The values that servers have reported for these settings, as far as they report them. */
  get reportedAtLogin(): ReadonlyMap<string, string> {
    return this.#reportedAtLogin;
  }

  set reportedAtLogin(reported: ReadonlyMap<string, string>) {
    this.#reportedAtLogin = reported;
    this.#interpretationAtLogin = undefined;
    // A startup packet may carry bytes that are not valid text. They cannot be set again, but what the server reports for them can.
    for (const [report, value] of reported) {
      const name = report.toLowerCase();
      if (hasInvalidBytes(this.#atLogin.get(name) ?? '')) this.#atLogin = new Map([...this.#atLogin, [name, value]]);
    }
    if (this.#watch.parameters.size === 0) this.#set(this.#atLogin);
  }

  /** Parameters that the client has not set and that its backend reports differently from what the client was told. */
  changedReports(reports: ServerReports): readonly (readonly [string, string])[] {
    this.knownReports = reports;
    const others = [...reports].filter(
      ([name, value]) =>
        this.#reportedAtLogin.get(name) !== value && !reportsOfRole.has(name) && !this.current.has(name.toLowerCase()),
    );
    if (others.length > 0) this.reportedAtLogin = new Map([...this.#reportedAtLogin, ...others]);
    return others;
  }

  /** How the bytes of this client's texts are decoded. */
  get encoding(): TextEncoding {
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
  get interpretation(): string {
    if (this.#watch.parameters.size > 0 || this.#watch.temporaryMark !== undefined)
      return this.#interpretationBy(undefined);
    return (this.#interpretationAtLogin ??= this.#interpretationBy(undefined));
  }

  /** The same within a transaction, which may have its own local settings. */
  interpretationInside({ settings: { parameters } }: Backend): string {
    const isOther = reports.some(({ report, name }) => parameters.get(report) !== this.#reported(report, name));
    return isOther ? this.#interpretationBy(parameters) : this.interpretation;
  }

  /** The same while a running statement may change it. */
  get unknownInterpretation(): string {
    return this.#unknown;
  }

  #interpretationBy(now: ReadonlyMap<string, string> | undefined): string {
    const { parameters } = this.#watch;
    const silent = unreportedInterpretation.map((name) =>
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
