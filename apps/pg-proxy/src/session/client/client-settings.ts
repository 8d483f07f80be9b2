import type { Backend } from '../backend/backend.ts';
import type { SessionWatch } from '../left-behind/session-watch.ts';
import { settingsKey, type Settings } from '../left-behind/settings.ts';

const nothing: Settings = new Map();

/** What a client has set, at login and since: it goes with the client from backend to backend. */
export class ClientSettings {
  readonly #atLogin: Settings;
  readonly #watch: SessionWatch;
  /** What a server has said that they come to, as far as servers do. */
  reportedAtLogin: ReadonlyMap<string, string> = new Map();
  /** Its process has begun with what it came with: no other one takes all of that, and RESET goes back there by itself. */
  isOfProcess = false;
  current: Settings;
  /** By which two that are equal are told. */
  key: string;

  constructor(atLogin: Settings, watch: SessionWatch) {
    this.#atLogin = atLogin;
    this.#watch = watch;
    this.current = atLogin;
    this.key = settingsKey(atLogin);
  }

  /** At the end of a transaction. */
  follow(backend: Backend | undefined): void {
    const settings = new Map(this.#atLogin);
    for (const [name, value] of this.#watch.parameters) {
      // What the server reports is what it came to: SET datestyle to DMY leaves the other half as it was.
      const now = backend?.reported(name) ?? value;
      if (now !== undefined) settings.set(name, now);
    }
    this.current = settings;
    this.key = settingsKey(settings);
    backend?.settingsTouched();
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

  /** Where it looks for names, as far as that is known: '' is that of the user, and one that cannot be told is one of its own. */
  get searchPath(): string {
    const { parameters } = this.#watch;
    const known = parameters.has('search_path') ? (parameters.get('search_path') ?? '?') : undefined;
    return known ?? this.#atLogin.get('search_path') ?? '';
  }
}
