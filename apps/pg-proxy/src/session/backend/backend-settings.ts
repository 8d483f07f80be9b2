import type { Report } from '@medrex/pg-wire';
import { changeFromUnknown, changeOf, settingsKey, type Settings } from '../state/settings.ts';
import { reportsWithout, serverReports, type ServerReports } from './server-reports.ts';

const nothingSet: Settings = new Map();

export interface BackendSettingsOptions {
  /** The parameters that the server has reported, at login and since. */
  readonly parameters: Map<string, string>;
  /** The settings with which the process was started, for a single client. */
  readonly ownSettings: Settings | undefined;
  /** The server now reports other values for settings nobody has changed. */
  readonly reported: (reports: ServerReports) => void;
}

/** The settings of one server process, as far as they are known, and what the server reports about them. */
export class BackendSettings {
  readonly parameters: Map<string, string>;
  /** What the current client was last told, for parameters that have changed since. */
  readonly lastTold = new Map<string, string>();
  /** What the server reports for settings nobody has changed. */
  reports: ServerReports;
  /** The error with which the server refused the current client's settings. */
  refusal: Report | undefined;
  /** The settings with which the process was started. */
  readonly #startup: Settings;
  #current: Settings;
  /** Undefined: the client has changed settings, and the current values are not known for certain. */
  #key: string | undefined;
  /** Custom settings that the process knows by name. */
  readonly #customNames = new Set<string>();
  /** Something was reported, and it is not known yet whether a client has set it. */
  #hasReported = false;
  readonly #reported: (reports: ServerReports) => void;

  constructor({ parameters, ownSettings = nothingSet, reported }: BackendSettingsOptions) {
    this.parameters = parameters;
    this.reports = serverReports(parameters);
    this.#startup = ownSettings;
    this.#current = ownSettings;
    this.#key = settingsKey(ownSettings);
    this.#reported = reported;
  }

  /** `settingsKey` of the current settings; undefined: not known. */
  get key(): string | undefined {
    return this.#key;
  }

  /**
   * Switches to these settings. Returns the statements that do it; undefined: nothing needs to be run.
   *
   * @param isAwaited the result is awaited before anything else is sent
   */
  switchTo(settings: Settings, key: string, isAwaited: boolean): string | undefined {
    const change = (this.#key === undefined ? changeFromUnknown : changeOf)(this.#current, settings, isAwaited);
    this.refusal = undefined;
    this.#current = settings;
    this.#key = key;
    return change;
  }

  /** Of the names that a client knows, those unknown to the process and not about to be set. */
  unknownOf(names: ReadonlySet<string>, settings: Settings): readonly string[] {
    return [...names].filter((name) => !this.#customNames.has(name) && !settings.has(name));
  }

  /** The process knows these names now. */
  addCustomNames(names: ReadonlySet<string>): void {
    for (const name of names) this.#customNames.add(name);
  }

  /** The client itself has changed settings. */
  markUnknown(): void {
    this.#key = undefined;
  }

  /** These settings have been restored after a DISCARD ALL. */
  restored(settings: Settings): void {
    this.#current = new Map([...this.#current, ...settings]);
  }

  /** The session is as after login. */
  discarded(): void {
    this.#current = this.#startup;
    this.#key = settingsKey(this.#startup);
  }

  /** The value that the client believes a parameter to have. */
  lastToldOf(name: string): string | undefined {
    return this.lastTold.get(name) ?? this.parameters.get(name);
  }

  /** The value of a reported setting, by its name in lower case. */
  valueOf(setting: string): string | undefined {
    for (const [name, value] of this.parameters) if (name.toLowerCase() === setting) return value;
    return undefined;
  }

  /** The server has reported a new value. */
  addReport(name: string, value: string): void {
    this.parameters.set(name, value);
    this.#hasReported = true;
  }

  /** It is now known whether what was reported was set by a client. */
  get hasNewReports(): boolean {
    return this.#hasReported && this.#key !== undefined;
  }

  /** Notes a change in values nobody has set: the server has reloaded its configuration, or is no longer a standby. */
  updateReports(): void {
    this.#hasReported = false;
    const reports = reportsWithout(this.reports, this.parameters, (setting) => this.#current.has(setting));
    if (reports === this.reports) return;
    this.reports = reports;
    this.#reported(reports);
  }
}
