import type { Report } from '@medrex/pg-wire';
import { changeFromUnknown, changeOf, settingsKey, type Settings } from '../left-behind/settings.ts';
import { reportsWithout, serverReports, type ServerReports } from './server-reports.ts';

const nothingSet: Settings = new Map();

export interface BackendSettingsOptions {
  /** What the server reported at login and since. */
  readonly parameters: Map<string, string>;
  /** What the process has begun with, where that is for one client alone. */
  readonly own: Settings | undefined;
  /** Its server reports something else where nobody has set anything. */
  readonly reported: (reports: ServerReports) => void;
}

/** What is set in one process at the upstream, as far as that is known, and what its server reports of it. */
export class BackendSettings {
  readonly parameters: Map<string, string>;
  /** What its client was told last, of parameters that have become something else since. */
  readonly toldBefore = new Map<string, string>();
  /** What its server reports where nobody has set anything. */
  reports: ServerReports;
  /** What the server said to the settings of the client that has it, where it did not take them. */
  refusal: Report | undefined;
  /** What its process has begun with. */
  readonly #begunWith: Settings;
  #now: Settings;
  /** Undefined: its client has set something, and what is set now is not known for certain. */
  #key: string | undefined;
  /** Custom settings that its process knows by name. */
  readonly #named = new Set<string>();
  /** Something was reported of which it is not known yet who has set it. */
  #hasReported = false;
  readonly #reported: (reports: ServerReports) => void;

  constructor({ parameters, own = nothingSet, reported }: BackendSettingsOptions) {
    this.parameters = parameters;
    this.reports = serverReports(parameters);
    this.#begunWith = own;
    this.#now = own;
    this.#key = settingsKey(own);
    this.#reported = reported;
  }

  /** `settingsKey` of what is set; undefined: that is not known. */
  get key(): string | undefined {
    return this.#key;
  }

  /**
   * From now on these are set, once the statements that are returned have been run; undefined: none need be.
   *
   * @param isAwaited nothing is run before its answer is there
   */
  become(settings: Settings, key: string, isAwaited: boolean): string | undefined {
    const change = (this.#key === undefined ? changeFromUnknown : changeOf)(this.#now, settings, isAwaited);
    this.refusal = undefined;
    this.#now = settings;
    this.#key = key;
    return change;
  }

  /** Of names that a client knows, those of which its process has not heard, and that are not about to be set. */
  unknownOf(names: ReadonlySet<string>, settings: Settings): readonly string[] {
    return [...names].filter((name) => !this.#named.has(name) && !settings.has(name));
  }

  /** Its process has heard of these names. */
  named(names: ReadonlySet<string>): void {
    for (const name of names) this.#named.add(name);
  }

  /** Its client has set something itself. */
  touched(): void {
    this.#key = undefined;
  }

  /** They were set again, where DISCARD ALL has taken them off the books. */
  setAgain(settings: Settings): void {
    this.#now = new Map([...this.#now, ...settings]);
  }

  /** All is as after login. */
  discarded(): void {
    this.#now = this.#begunWith;
    this.#key = settingsKey(this.#begunWith);
  }

  /** What its client takes a parameter to be. */
  toldOf(name: string): string | undefined {
    return this.toldBefore.get(name) ?? this.parameters.get(name);
  }

  /** The value of a setting that the server reports, by its name in lower case. */
  valueOf(setting: string): string | undefined {
    for (const [name, value] of this.parameters) if (name.toLowerCase() === setting) return value;
    return undefined;
  }

  /** The server has said that this is what the setting comes to now. */
  hasReported(name: string, value: string): void {
    this.parameters.set(name, value);
    this.#hasReported = true;
  }

  /** It is known by now who has set what was reported. */
  get areToBeNoted(): boolean {
    return this.#hasReported && this.#key !== undefined;
  }

  /** What nobody has set is another where the server has read its configuration again, or is no standby any more. */
  note(): void {
    this.#hasReported = false;
    const reports = reportsWithout(this.reports, this.parameters, (setting) => this.#now.has(setting));
    if (reports === this.reports) return;
    this.reports = reports;
    this.#reported(reports);
  }
}
