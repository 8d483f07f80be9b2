import type { Report, WireFault } from '@medrex/pg-wire';
import type { Redefinition } from '@medrex/sql';

/** What a server owes for a message; named after the message. */
export const owed = {
  nothing: 0,
  /** Ends with ReadyForQuery. */
  query: 1,
  /** Ends with ReadyForQuery. */
  sync: 2,
  /** FunctionCall; ends with ReadyForQuery. */
  call: 3,
  parse: 4,
  bind: 5,
  describe: 6,
  execute: 7,
  close: 8,
  /** CopyDone or CopyFail sent before the server has announced COPY IN; not answered. */
  copyEnd: 9,
} as const;

/** The client did not ask for it and must not see the answer. */
export const hidden = 16;
/** In addition to `unasked`: the client is told which parameters have changed. */
export const reporting = 64;
/** The server was not asked: the proxy itself answers in turn. */
export const local = 32;
/** The bits of an entry that hold what is owed. */
export const kindBits = 15;

/** What DISCARD ALL or DEALLOCATE ALL removes. */
export interface PreparedNames {
  readonly names: readonly string[];
  readonly statements: readonly string[];
}

/** Accompanies a message that runs something, and is told how its answer proceeds. */
export interface Note {
  /** When the answer began, in ms; 0: not yet. */
  firstAt: number;
  /** Bytes of the answer so far. */
  bytes: number;
  /** Rows sent so far by the current statement; for COPY, its messages. */
  rowsSent: number;
  /** How long the server was not read because the client did not take its rows, in ms. */
  blockedMs: number;
  /** What was prepared when the message was sent, if it may discard all of it. Whatever is sent later is prepared after that. */
  readonly before: PreparedNames | undefined;
  /** The message may change how the server interprets later texts. */
  readonly changesInterpretation?: boolean;
  /** The server was made to fail in place of this message; the client gets this error. */
  readonly fault: WireFault | undefined;
  /** Messages that the client gets before that error. */
  readonly beforeFault?: Buffer | undefined;
  /** Its failure is reported to nobody. */
  readonly isSilent?: boolean;
  /** The statement that is being answered was added by the proxy, and the client sees nothing of it. */
  readonly isAddedByProxy?: boolean;
  /** Maps a position in the text that the server got to one in the client's text. */
  readonly positionOf?: ((position: number) => number) | undefined;
  /** The prepared statement that it deallocates; `undo` is called if it then does not. */
  readonly deallocates: string | undefined;
  undo: (() => void) | undefined;
  /** Names of the statements that it prepares or deallocates by SQL; UTF-8 read as latin1. */
  readonly names?: readonly string[] | undefined;
  /** Which sessions the last completed statement changes, if it does. */
  readonly redefined: Redefinition | undefined;
  /** A statement of it has completed. */
  completed(tag: string): void;
  /** It was suspended: the client did not want more rows yet. */
  suspended(): void;
  failed(sqlstate: string): void;
  /** Present if the client did not ask for the message; receives the server's error. */
  refused?(report: Report): void;
  /** Accompanies a Describe; receives the server's description. */
  described?(buffer: Buffer, start: number, end: number, isLast: boolean): void;
  /** Receives a row, or a piece of one, that the client does not see. */
  row?(buffer: Buffer, start: number, end: number): void;
  /** The answer is complete. */
  ended(atMs: number): void;
}

/** Reverts what was noted when a message was sent that the server then refused or skipped. */
export type Undo = (isSkipped: boolean) => void;

/** How many answers a client may have outstanding, counted by ReadyForQuery; each takes about 500 bytes. */
const syncsMax = 4_096;

/** Whether its answer ends with ReadyForQuery. */
const isSync = (entry: number): boolean => (entry & kindBits) <= owed.call;

/**
 * What one server connection still owes, in order. A server answers messages in the order in which they were sent. After an error in the
 * extended protocol it skips everything up to the next Sync, and so does this queue. Each operation is O(1).
 */
export class ExpectedAnswers {
  #entries = new Uint8Array(32);
  #undos: (Undo | undefined)[] = [];
  #notes: (Note | undefined)[] = [];
  #head = 0;
  #size = 0;
  /** Entries that end with ReadyForQuery. */
  #syncs = 0;
  /** Those of them that the client has asked for. */
  #askedSyncs = 0;
  /** ReadyForQuery messages received. */
  #readies = 0;
  #interpretationChanges = 0;
  #isSkipping = false;
  #isOpen = false;

  get isEmpty(): boolean {
    return this.#size === 0 && !this.#isSkipping;
  }

  /** So much is outstanding that the client is not read further. A server answers up to a Sync whatever follows it. */
  get isLong(): boolean {
    return this.#syncs > syncsMax;
  }

  /** How many ReadyForQuery messages have been received. */
  get readies(): number {
    return this.#readies;
  }

  /** The lowest number of the ReadyForQuery that can follow what is sent now. */
  get nextReady(): number {
    return this.#readies + this.#syncs + 1;
  }

  /** More than one Sync is outstanding: after the next ReadyForQuery the server goes on with what was sent behind it. */
  get hasSeveralSyncs(): boolean {
    return this.#syncs > 1;
  }

  /** A Sync of the client, or a message that acts as one, is outstanding. */
  get hasSync(): boolean {
    return this.#askedSyncs > 0;
  }

  /** Something was sent that no Sync has ended yet: its transaction is open although ReadyForQuery has not said so. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** True from an error until a Sync is sent: the server skips what is sent in between. */
  get isSkipping(): boolean {
    return this.#isSkipping;
  }

  /** What the next answer is for; `owed.nothing` if none is owed. */
  get head(): number {
    return this.#size === 0 ? owed.nothing : (this.#entries[this.#head] as number);
  }

  get headNote(): Note | undefined {
    return this.#size === 0 ? undefined : this.#notes[this.#head];
  }

  get headKind(): number {
    return this.head & kindBits;
  }

  /** False: the server will skip this message, so it is not noted. */
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
    if (note?.changesInterpretation === true) this.#interpretationChanges++;
    return true;
  }

  shift(): number {
    const entry = this.#shift();
    // The COPY did not take place.
    while (this.headKind === owed.copyEnd) this.#shift();
    return entry;
  }

  #shift(): number {
    if (this.#size === 0) return owed.nothing;
    const entry = this.#entries[this.#head] as number;
    if (this.#notes[this.#head]?.changesInterpretation === true) this.#interpretationChanges--;
    this.#undos[this.#head] = undefined;
    this.#notes[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#entries.length - 1);
    this.#size--;
    if (isSync(entry)) this.#countSync(entry, -1);
    return entry;
  }

  /** Whether an answer of this kind that the client has asked for is outstanding. */
  has(kind: number): boolean {
    const mask = this.#entries.length - 1;
    for (let index = 0; index < this.#size; index++)
      if (((this.#entries[(this.#head + index) & mask] as number) & (kindBits | hidden)) === kind) return true;
    return false;
  }

  /**
   * Whether a Sync, or a message that acts as one, was sent with this undo or after it; undefined: it has been answered already. A pipeline
   * asks this for each of its messages, so the search starts with the newest.
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

  /** Whether something outstanding may discard everything that is prepared. */
  get mayDiscardPrepared(): boolean {
    return this.#notes.some((note) => note?.before !== undefined);
  }

  /** Whether the answer to this note is still outstanding. */
  awaits(note: Note): boolean {
    return this.#notes.includes(note);
  }

  /** Whether something outstanding may change how the server interprets texts. */
  get changesInterpretation(): boolean {
    return this.#interpretationChanges > 0;
  }

  /** Settles everything up to the entry that ReadyForQuery ends, and returns that entry. */
  ready(atMs = 0): number {
    this.#readies++;
    for (;;) {
      this.headNote?.ended(atMs);
      const entry = this.shift();
      if (isSync(entry)) return entry;
    }
  }

  /**
   * An error in the extended protocol: everything up to the next Sync is dropped, and undone from the newest to the oldest. @returns
   * whether it contained something to run
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

  /** The connection is gone: nothing more will be answered. */
  abandon(sqlstate: string, atMs: number): void {
    while (this.#size > 0) {
      const note = this.headNote;
      this.shift();
      note?.failed(sqlstate);
      note?.ended(atMs);
    }
  }

  /** COPY IN has begun: the server ignores every Sync up to the end of the data. @returns whether that end has already been sent */
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
    if ((entry & hidden) === 0) this.#askedSyncs += by;
  }

  /** The index of the first entry of that kind, or the size if there is none. */
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
