import { LearnedClasses, type WorkloadClass } from '@medrex/pool';
import type { Analysis, SqlAnalyser } from '@medrex/sql';
import type { Client } from '../session/client/client.ts';
import { analysisOf, type RequestText, type Request, type RequestObserver } from '../session/client/request.ts';
import { hintOf } from './hint.ts';

/** For how many fingerprints the duration is remembered; 300 bytes each. */
const fingerprintsMax = 10_000;

/** From the lightest to the heaviest; a text with several statements counts as its heaviest. */
const weights: Readonly<Record<WorkloadClass, number>> = {
  admin: 0,
  interactive: 1,
  vector: 2,
  analytical: 3,
  bulk: 4,
};

export const isHeavier = (one: WorkloadClass, other: WorkloadClass): boolean => weights[one] > weights[other];

/** What is known about one client's workload. */
export class ClientWork {
  /** The class of its last transaction: BEGIN says nothing about what follows. */
  lastClass: WorkloadClass | undefined;
  /** When the last of its requests ended: the server began the next one then. */
  lastEndedAt = 0;
}

/** Determines the class of a request: by a hint, by rules, by the shape of the statement, by how long similar ones have taken (FR-005). */
export class Classifier implements RequestObserver {
  readonly #analyser: SqlAnalyser;
  readonly #learned = new LearnedClasses(fingerprintsMax);

  /** False: only settings determine the class. */
  readonly isOn: boolean;

  constructor(analyser: SqlAnalyser, { isOn }: { readonly isOn: boolean }) {
    this.#analyser = analyser;
    this.isOn = isOn;
  }

  /** The class of the message for which a client asks for a backend; undefined: the message has no text. */
  classOf(client: Client, asked: RequestText | undefined): WorkloadClass {
    if (!this.isOn) return client.scoped.workloadClass ?? 'interactive';
    const hint = asked === undefined || asked.isPlain === true ? undefined : hintOf(asked.text);
    const requested = hint ?? client.scoped.workloadClass;
    if (requested !== undefined) return requested;
    // In session mode the first statement says nothing about the session.
    if (asked === undefined || client.mode === 'session') return 'interactive';
    // A text that does not arrive in one piece is long.
    if (!asked.isWhole) return 'bulk';
    const analysis = this.analysisOf(asked);
    if (beginsBlock(analysis)) {
      const { lastClass } = client.work;
      client.work.lastClass = undefined;
      return lastClass ?? 'interactive';
    }
    return this.#classByAnalysis(analysis);
  }

  analysisOf(asked: RequestText): Analysis {
    return asked.analysis ?? analysisOf(this.#analyser, asked.text, asked);
  }

  /** The class of a running request. */
  classOfRequest(client: Client, request: Request): WorkloadClass {
    return hintOf(request.text) ?? client.scoped.workloadClass ?? this.#classByAnalysis(request.analysis);
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

  #classByAnalysis(analysis: Analysis): WorkloadClass {
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
