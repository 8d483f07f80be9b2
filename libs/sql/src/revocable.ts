/** Of which a session has some, by their names. */
export const members = ['temporary', 'channels', 'cursors'] as const;
export type Members = (typeof members)[number];

/** What the end of a transaction can take back. */
export class Revocable implements Record<Members, ReadonlySet<string>> {
  readonly parameters = new Map<string, string | undefined>();
  /** Undefined: the one that the session began with. */
  role: string | undefined;
  authorization: string | undefined;
  readonly temporary = new Set<string>();
  readonly channels = new Set<string>();
  readonly cursors = new Set<string>();
  /** How each change since the transaction began is undone: a copy of all that is there would be dear where that is much. */
  readonly #undo: (() => void)[] = [];
  readonly #beganAs: string | undefined;

  /** @param beganAs the role of the login; undefined: it has said none, and only the server knows whether anybody has */
  constructor(beganAs?: string) {
    this.#beganAs = beganAs;
  }

  /** Where a rollback leads back to. */
  get mark(): number {
    return this.#undo.length;
  }

  rollBackTo(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.();
  }

  commit(): void {
    this.#undo.length = 0;
  }

  set(name: string, value: string | undefined): void {
    this.#keep(name);
    this.parameters.set(name, value);
  }

  reset(name: string): void {
    if (!this.parameters.has(name)) return;
    this.#keep(name);
    this.parameters.delete(name);
  }

  resetAll(): void {
    for (const name of [...this.parameters.keys()]) this.reset(name);
  }

  #keep(name: string): void {
    const { parameters } = this;
    const [had, before] = [parameters.has(name), parameters.get(name)];
    this.#undo.push(() => (had ? parameters.set(name, before) : parameters.delete(name)));
  }

  become(role: string | undefined, authorization: string | undefined): void {
    const before = { role: this.role, authorization: this.authorization };
    this.#undo.push(() => Object.assign(this, before));
    Object.assign(this, { role: role === this.#beganAs ? undefined : role, authorization });
  }

  add(to: Members, member: string): void {
    if (this[to].has(member)) return;
    this[to].add(member);
    this.#undo.push(() => this[to].delete(member));
  }

  /** Without a member, or without any. */
  remove(from: Members, member?: string): void {
    if (member === undefined) return [...this[from]].forEach((each) => this.remove(from, each));
    if (this[from].delete(member)) this.#undo.push(() => this[from].add(member));
  }

  /** A cursor that is closed stays closed, whatever becomes of the transaction. Without a name: all. */
  close(cursor?: string): void {
    if (cursor === undefined) this.cursors.clear();
    else this.cursors.delete(cursor);
  }

  clear(): void {
    this.resetAll();
    this.become(undefined, undefined);
    for (const of of members) this.remove(of);
  }
}
