/** Kinds of things that a session has by name. */
export const namedKinds = ['temporary', 'channels', 'cursors'] as const;
export type NamedKind = (typeof namedKinds)[number];

/** Session state that a rollback can revert. */
export class TransactionalState implements Record<NamedKind, ReadonlySet<string>> {
  readonly parameters = new Map<string, string | undefined>();
  /** Undefined: the role that the session began with. */
  role: string | undefined;
  authorization: string | undefined;
  readonly temporary = new Set<string>();
  readonly channels = new Set<string>();
  readonly cursors = new Set<string>();
  /** Undo functions of all changes since the transaction began; copying the whole state would be expensive. */
  readonly #undo: (() => void)[] = [];
  readonly #loginRole: string | undefined;

  /** @param loginRole the `role` of the login; undefined: not given by the client, so only the server knows it */
  constructor(loginRole?: string) {
    this.#loginRole = loginRole;
  }

  /** The position to roll back to. */
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
    this.#undoLater(name);
    this.parameters.set(name, value);
  }

  reset(name: string): void {
    if (!this.parameters.has(name)) return;
    this.#undoLater(name);
    this.parameters.delete(name);
  }

  resetAll(): void {
    for (const name of [...this.parameters.keys()]) this.reset(name);
  }

  #undoLater(name: string): void {
    const { parameters } = this;
    const [had, before] = [parameters.has(name), parameters.get(name)];
    this.#undo.push(() => (had ? parameters.set(name, before) : parameters.delete(name)));
  }

  setRole(role: string | undefined, authorization: string | undefined): void {
    const before = { role: this.role, authorization: this.authorization };
    this.#undo.push(() => Object.assign(this, before));
    Object.assign(this, { role: role === this.#loginRole ? undefined : role, authorization });
  }

  add(to: NamedKind, member: string): void {
    if (this[to].has(member)) return;
    this[to].add(member);
    this.#undo.push(() => this[to].delete(member));
  }

  /** Removes a member, or all. */
  remove(from: NamedKind, member?: string): void {
    if (member === undefined) return [...this[from]].forEach((each) => this.remove(from, each));
    if (this[from].delete(member)) this.#undo.push(() => this[from].add(member));
  }

  /** Closes a cursor, or all without a name. A rollback does not reopen cursors. */
  close(cursor?: string): void {
    if (cursor === undefined) this.cursors.clear();
    else this.cursors.delete(cursor);
  }

  clear(): void {
    this.resetAll();
    this.setRole(undefined, undefined);
    for (const of of namedKinds) this.remove(of);
  }
}
