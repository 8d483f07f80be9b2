import { LearnedClasses, type WorkloadClass } from '@medrex/pool';
import type { Analysis, SqlAnalyser } from '@medrex/sql';
import type { Client } from '../session/client/client.ts';
import { analysisOf, type Asked, type Request, type RequestObserver } from '../session/client/request.ts';
import { hintOf } from './hint.ts';

/** Of so many fingerprints it is known how long they take: 300 bytes each. */
const fingerprintsMax = 10_000;

/** From the lightest to the heaviest; of several statements the heaviest counts. */
const weights: Readonly<Record<WorkloadClass, number>> = {
  admin: 0,
  interactive: 1,
  vector: 2,
  analytical: 3,
  bulk: 4,
};

export const isHeavier = (one: WorkloadClass, other: WorkloadClass): boolean => weights[one] > weights[other];

/** What is known of one client's work. */
export class ClientWork {
  /** What its last transaction turned out to be: BEGIN says nothing of what will come. */
  habit: WorkloadClass | undefined;
  /** When the last of its requests ended: the next one had the server from then on. */
  lastEndedAt = 0;
}

/** Tells the class of what a client asks: by a hint, by the rules, by what it looks like, by how long its like has taken (FR-005). */
export class Classifier implements RequestObserver {
  readonly #analyser: SqlAnalyser;
  readonly #learned = new LearnedClasses(fingerprintsMax);

  /** False: only settings say a class. */
  readonly isOn: boolean;

  constructor(analyser: SqlAnalyser, { isOn }: { readonly isOn: boolean }) {
    this.#analyser = analyser;
    this.isOn = isOn;
  }

  /** The class of the message by which a client asks for a backend; undefined: it has no text. */
  classOf(client: Client, asked: Asked | undefined): WorkloadClass {
    if (!this.isOn) return client.scoped.workloadClass ?? 'interactive';
    const hint = asked === undefined || asked.isPlain === true ? undefined : hintOf(asked.text);
    const said = hint ?? client.scoped.workloadClass;
    if (said !== undefined) return said;
    // In session mode the first statement says nothing of the session.
    if (asked === undefined || client.mode === 'session') return 'interactive';
    // What does not come in one piece is long.
    if (!asked.isWhole) return 'bulk';
    const analysis = this.analysisOf(asked);
    if (beginsBlock(analysis)) {
      const { habit } = client.work;
      client.work.habit = undefined;
      return habit ?? 'interactive';
    }
    return this.#automatic(analysis);
  }

  analysisOf(asked: Asked): Analysis {
    return asked.analysis ?? analysisOf(this.#analyser, asked.text, asked);
  }

  /** The class of a request that runs. */
  classOfRequest(client: Client, request: Request): WorkloadClass {
    return hintOf(request.text) ?? client.scoped.workloadClass ?? this.#automatic(request.analysis);
  }

  ended(request: Request): void {
    const { work } = request.from as Client;
    const since = Math.max(request.backendAt, work.lastEndedAt);
    work.lastEndedAt = request.endedAt;
    if (request.sqlstate !== undefined || request.commands !== 1) return;
    const { analysis } = request;
    const fingerprint = analysis.kind === 'read' ? analysis.statements[0]?.fingerprint : fingerprintOf(analysis);
    if (fingerprint !== undefined) this.#learned.ran(fingerprint, request.endedAt - since, request.rows);
  }

  #automatic(analysis: Analysis): WorkloadClass {
    if (analysis.kind === 'read') {
      let heaviest: WorkloadClass | undefined;
      for (const { fingerprint, workload } of analysis.statements) {
        const own = this.#learned.classOf(fingerprint, workload);
        if (heaviest === undefined || isHeavier(own, heaviest)) heaviest = own;
      }
      return heaviest ?? 'interactive';
    }
    if (analysis.kind !== 'unread') return 'bulk'; // too long to be read on the way
    return this.#learned.classOf(analysis.fingerprint, 'interactive');
  }
}

function beginsBlock(analysis: Analysis): boolean {
  if (analysis.kind !== 'read' || analysis.statements.length !== 1) return false;
  const verb = analysis.statements[0]?.transaction?.verb;
  return verb === 'begin';
}

function fingerprintOf(analysis: Analysis): string | undefined {
  return analysis.kind === 'unread' && analysis.fingerprint !== '' ? analysis.fingerprint : undefined;
}
