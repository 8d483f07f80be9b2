import type { Report, WireFault } from '@medrex/pg-wire';
import type { Redefinition } from '@medrex/sql';

/** What a server owes for a message, by how the answer ends. */
export const owed = {
  nothing: 0,
  /** Query: ReadyForQuery. */
  query: 1,
  /** Sync: ReadyForQuery. */
  sync: 2,
  /** FunctionCall: ReadyForQuery. */
  call: 3,
  parse: 4,
  bind: 5,
  describe: 6,
  execute: 7,
  close: 8,
  /** CopyDone or CopyFail that the client sent before the server said that it takes data in; not answered. */
  copyEnd: 9,
} as const;

/** The client did not ask for it and must not see the answer. */
export const unasked = 16;
/** Besides `unasked`: the client sees which parameters have changed. */
export const reporting = 64;
/** The server was not asked: the proxy answers when it is its turn. */
export const local = 32;
/** The part of an entry that says what it is for. */
export const kindBits = 15;

/** What DISCARD ALL or DEALLOCATE ALL takes away. */
export interface PreparedBefore {
  readonly names: readonly string[];
  readonly statements: readonly string[];
}

/** What goes along with a message that runs something, and is told of its answer. */
export interface Note {
  /** Milliseconds: when the first of its answer came; 0 before. */
  firstAt: number;
  /** Of the answer, so far. */
  bytes: number;
  /** Rows of the statement that is under way, so far; of COPY, its messages. */
  rowsSent: number;
  /** Milliseconds for which the server was not read because the client did not take what there was. */
  blockedMs: number;
  /** What was prepared when it was sent, where it may forget all of it: what is sent behind it is prepared after that. */
  readonly before: PreparedBefore | undefined;
  /** What it sets may be how the server reads a text behind it. */
  readonly rereads?: boolean;
  /** The server was made to fail in its place: this is what the client is told. */
  readonly fault: WireFault | undefined;
  /** Messages that the client gets before it. */
  readonly beforeFault?: Buffer | undefined;
  /** Nobody is told that it has failed. */
  readonly isSilent?: boolean;
  /** The statement that is being answered was put between those of the client, who sees nothing of it. */
  readonly isOfOurs?: boolean;
  /** Where a character of what the server was asked stands in what the client has asked. */
  readonly positionOf?: ((position: number) => number) | undefined;
  /** The prepared statement that it takes away, and what is done where it then does not. */
  readonly deallocates: string | undefined;
  undo: (() => void) | undefined;
  /** Those of prepared statements that it gives or takes by SQL, as latin1. */
  readonly names?: readonly string[] | undefined;
  /** Of the statement that has ended last: whose sessions begin otherwise from now on, where it says so. */
  readonly redefined: Redefinition | undefined;
  /** A statement of it has ended. */
  completed(tag: string): void;
  /** It has run, and more of its rows were not wanted yet. */
  suspended(): void;
  failed(sqlstate: string): void;
  /** It goes along with something that nobody has asked for, and is told what the server has against it. */
  refused?(report: Report): void;
  /** It goes along with a Describe, and is told what the server says to that. */
  described?(buffer: Buffer, start: number, end: number, isLast: boolean): void;
  /** A row, or a piece of it, that the client does not see. */
  row?(buffer: Buffer, start: number, end: number): void;
  /** Nothing more comes. */
  ended(atMs: number): void;
}

/** Takes back what was noted when a message went out that the server refused, or passed over. */
export type Undo = (isPassedOver: boolean) => void;

/** What a client may ask, by what ReadyForQuery ends, before it is answered: each takes some 500 bytes here. */
const syncsMax = 4_096;

/** Whether its answer ends with ReadyForQuery. */
const isSync = (entry: number): boolean => (entry & kindBits) <= owed.call;

/**
 * What one server connection still owes, in order. Messages are answered in the order in which they were sent; after an error
 * in the extended protocol the server passes over everything up to the next Sync, and so does this. O(1) each.
 */
export class ExpectedAnswers {
  #entries = new Uint8Array(32);
  #undos: (Undo | undefined)[] = [];
  #notes: (Note | undefined)[] = [];
  #head = 0;
  #size = 0;
  /** Of the entries, those that ReadyForQuery ends. */
  #syncs = 0;
  /** Those among them that the client has asked for. */
  #askedSyncs = 0;
  /** ReadyForQuery that have come. */
  #readies = 0;
  #rereads = 0;
  #isSkipping = false;
  #isOpen = false;

  get isEmpty(): boolean {
    return this.#size === 0 && !this.#isSkipping;
  }

  /** Its client is to hear something before it asks more. A server answers what a Sync ends whatever comes behind it. */
  get isLong(): boolean {
    return this.#syncs > syncsMax;
  }

  /** How many ReadyForQuery have come. */
  get readies(): number {
    return this.#readies;
  }

  /** Which of them, at the earliest, comes behind what is sent now. */
  get nextReady(): number {
    return this.#readies + this.#syncs + 1;
  }

  /** What is under way is not the last: behind its ReadyForQuery the server goes on with what was sent after it. */
  get isSeveral(): boolean {
    return this.#syncs > 1;
  }

  /** A Sync of the client, or a message that is one, is under way. */
  get hasSync(): boolean {
    return this.#askedSyncs > 0;
  }

  /** Something was run, or is to be, behind which no Sync went out: its transaction is open, though ReadyForQuery has not said so. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** True from an error until a Sync goes out: what is sent now is passed over by the server. */
  get isSkipping(): boolean {
    return this.#isSkipping;
  }

  /** What the next answer is for, `owed.nothing` when none is owed. */
  get head(): number {
    return this.#size === 0 ? owed.nothing : (this.#entries[this.#head] as number);
  }

  get headNote(): Note | undefined {
    return this.#size === 0 ? undefined : this.#notes[this.#head];
  }

  get headKind(): number {
    return this.head & kindBits;
  }

  /** False: the server will pass over this message, and it is not noted. */
  push(entry: number, undo?: Undo, note?: Note): boolean {
    if (this.#isSkipping) {
      if ((entry & kindBits) !== owed.sync) return false;
      this.#isSkipping = false;
    }
    if ((entry & local) === 0 && entry !== owed.copyEnd) this.#isOpen = (entry & kindBits) >= owed.parse;
    if (this.#size === this.#entries.length) this.#grow();
    const at = (this.#head + this.#size) & (this.#entries.length - 1);
    this.#entries[at] = entry;
    this.#undos[at] = undo;
    this.#notes[at] = note;
    this.#size++;
    if (isSync(entry)) this.#countSync(entry, 1);
    if (note?.rereads === true) this.#rereads++;
    return true;
  }

  shift(): number {
    const entry = this.#shift();
    // Its COPY did not take place.
    while (this.headKind === owed.copyEnd) this.#shift();
    return entry;
  }

  #shift(): number {
    if (this.#size === 0) return owed.nothing;
    const entry = this.#entries[this.#head] as number;
    if (this.#notes[this.#head]?.rereads === true) this.#rereads--;
    this.#undos[this.#head] = undefined;
    this.#notes[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#entries.length - 1);
    this.#size--;
    if (isSync(entry)) this.#countSync(entry, -1);
    return entry;
  }

  /** Whether an answer of this kind is still to come that the client has asked for. */
  has(kind: number): boolean {
    const mask = this.#entries.length - 1;
    for (let index = 0; index < this.#size; index++)
      if (((this.#entries[(this.#head + index) & mask] as number) & (kindBits | unasked)) === kind) return true;
    return false;
  }

  /**
   * Whether a Sync, or a message that is one, went out with this undo or behind it; undefined: that one is answered, as far as anybody
   * has to know. A pipeline asks this for each of its messages: what was sent last is looked at first.
   */
  isSyncedBehind(undo: Undo): boolean | undefined {
    if (this.#size === 0) return undefined;
    if (this.#syncs === 0) return false;
    const mask = this.#entries.length - 1;
    let isSynced = false;
    for (let index = this.#size - 1; index >= 0; index--) {
      const at = (this.#head + index) & mask;
      isSynced ||= isSync(this.#entries[at] as number);
      if (this.#undos[at] === undo) return isSynced;
    }
    return undefined;
  }

  /** Whether something is under way that may take away all that is prepared. */
  get forgets(): boolean {
    return this.#notes.some((note) => note?.before !== undefined);
  }

  /** Whether its answer has yet to end. */
  awaits(note: Note): boolean {
    return this.#notes.includes(note);
  }

  /** Whether something is under way that may set how the server reads a text. */
  get rereads(): boolean {
    return this.#rereads > 0;
  }

  /** Ends with the entry that ReadyForQuery ends; returns it. */
  ready(atMs = 0): number {
    this.#readies++;
    for (;;) {
      this.headNote?.ended(atMs);
      const entry = this.shift();
      if (isSync(entry)) return entry;
    }
  }

  /**
   * An error in the extended protocol: everything up to the next Sync is off. The last is taken back first.
   * @returns whether something that was to be run is among it
   */
  failed(sqlstate = '', atMs = 0): boolean {
    const kept = this.#indexOf(owed.sync);
    const dropped: (Undo | undefined)[] = [];
    const notes: Note[] = [];
    for (let index = 0; index < kept; index++) {
      dropped.push(this.#undos[this.#head]);
      if (this.headNote !== undefined && this.headNote.described === undefined) notes.push(this.headNote);
      this.#shift();
    }
    this.#isSkipping = this.#size === 0;
    if (this.#isSkipping) this.#isOpen = false;
    for (let index = dropped.length - 1; index >= 0; index--) dropped[index]?.(index > 0);
    notes[0]?.failed(sqlstate);
    for (const note of notes) note.ended(atMs);
    return notes.length > 0;
  }

  /** The connection is gone: nothing more is answered. */
  abandon(sqlstate: string, atMs: number): void {
    while (this.#size > 0) {
      const note = this.headNote;
      this.shift();
      note?.failed(sqlstate);
      note?.ended(atMs);
    }
  }

  /**
   * COPY IN has begun: the server passes over every Sync up to the end of the data.
   * @returns whether that end is on its way already
   */
  copyBegan(): boolean {
    const at = (index: number): number => (this.#head + index) & (this.#entries.length - 1);
    const end = this.#indexOf(owed.copyEnd);
    const isEnded = end < this.#size;
    let size = 1;
    for (let index = 1; index < this.#size; index++) {
      const from = at(index);
      const isPassedOver = index < end && ((this.#entries[from] as number) & kindBits) === owed.sync;
      if (isPassedOver) this.#countSync(this.#entries[from] as number, -1);
      if (index === end || isPassedOver) continue;
      const to = at(size++);
      this.#entries[to] = this.#entries[from] as number;
      this.#undos[to] = this.#undos[from];
      this.#notes[to] = this.#notes[from];
    }
    for (let index = size; index < this.#size; index++) this.#undos[at(index)] = this.#notes[at(index)] = undefined;
    this.#size = size;
    this.#isOpen = ((this.#entries[at(size - 1)] as number) & kindBits) >= owed.parse;
    return isEnded;
  }

  #countSync(entry: number, by: 1 | -1): void {
    this.#syncs += by;
    if ((entry & unasked) === 0) this.#askedSyncs += by;
  }

  /** Of the first of that kind, or behind all. */
  #indexOf(kind: number): number {
    for (let index = 0; index < this.#size; index++) {
      const entry = this.#entries[(this.#head + index) & (this.#entries.length - 1)] as number;
      if ((entry & kindBits) === kind) return index;
    }
    return this.#size;
  }

  #grow(): void {
    const entries = new Uint8Array(this.#entries.length * 2);
    const undos: (Undo | undefined)[] = [];
    const notes: (Note | undefined)[] = [];
    for (let index = 0; index < this.#size; index++) {
      const at = (this.#head + index) & (this.#entries.length - 1);
      entries[index] = this.#entries[at] as number;
      undos[index] = this.#undos[at];
      notes[index] = this.#notes[at];
    }
    this.#entries = entries;
    this.#undos = undos;
    this.#notes = notes;
    this.#head = 0;
  }
}
