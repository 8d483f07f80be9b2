import type { Draft } from './message.ts';
import type { Random } from './random.ts';
import * as fhir from './resources.ts';

/** Edge types that a load can plant, each by two messages on one key. */
export const injectedEdges = ['RAW', 'WAR', 'WAW'] as const;
export type InjectedEdge = (typeof injectedEdges)[number];

/** The probability that a pair of this type starts, and the number of messages to its second half. */
export interface Injection {
  readonly edge: InjectedEdge;
  readonly probability: number;
  readonly gap: number;
}

/**
 * Plants dependencies between messages `gap` places apart, each type with its own independent probability, after the conflict profile of
 * fabric-x-committer's load generator. A planted message replaces one of the profile.
 *
 * - RAW: a running result is written, and read and written again
 * - WAR: an order reads the patient's allergies, then an allergy is entered
 * - WAW: a bedside device is written twice, blindly
 */
export class ConflictInjector {
  readonly #random: Random;
  readonly #injections: readonly Injection[];
  readonly #run: string;
  readonly #due = new Map<number, Draft[]>();
  #place = 0;
  #pairs = 0;

  constructor(options: { readonly random: Random; readonly injections: readonly Injection[]; readonly run: string }) {
    this.#random = options.random;
    this.#injections = options.injections;
    this.#run = options.run;
  }

  /** The planted message for this place; undefined to keep that of the profile. */
  next(time: string): Draft | undefined {
    const place = this.#place;
    this.#place += 1;
    const due = this.#due.get(place);
    if (due !== undefined) {
      const draft = due.shift();
      this.#due.delete(place);
      if (due.length > 0) this.#due.set(place + 1, [...due, ...(this.#due.get(place + 1) ?? [])]);
      return draft;
    }
    for (const { edge, probability, gap } of this.#injections) {
      if (this.#random.next() >= probability) continue;
      const [first, second] = this.#pair(edge, time);
      const at = place + Math.max(1, gap);
      this.#due.set(at, [...(this.#due.get(at) ?? []), second]);
      return first;
    }
    return undefined;
  }

  #pair(edge: InjectedEdge, time: string): readonly [Draft, Draft] {
    const id = `${this.#run}-${edge.toLowerCase()}-${this.#pairs}`;
    this.#pairs += 1;
    const medicine = fhir.formulary[0];
    switch (edge) {
      case 'RAW':
        return [fhir.runningResult(this.#random, id, id, time), fhir.runningResult(this.#random, id, id, time)];
      case 'WAR':
        return [fhir.order(id, medicine, time), fhir.allergy(id, medicine, time)];
      case 'WAW':
        return [fhir.deviceReading(this.#random, id), fhir.deviceReading(this.#random, id)];
    }
  }
}

/** Parses `RAW:0.3@500`: with probability 0.3 a pair whose second half follows 500 messages later. */
export function parseInjection(text: string): Injection {
  const match = /^(RAW|WAR|WAW):(0|1|0?\.\d+)@([1-9]\d*)$/.exec(text);
  if (!match) throw new RangeError(`conflict "${text}" is not like RAW:0.3@500 (RAW, WAR or WAW : probability @ gap)`);
  return { edge: match[1] as InjectedEdge, probability: Number(match[2]), gap: Number(match[3]) };
}

/** Formats an injection for `parseInjection`. */
export function injectionText({ edge, probability, gap }: Injection): string {
  return `${edge}:${probability}@${gap}`;
}
