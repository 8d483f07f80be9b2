import type { Backend } from '../backend/backend.ts';
import { codeQuery, idsQuery, readCodeAnswer, readIds } from './code-query.ts';
import type { DatabaseCode } from './database-code.ts';

/** From this version on a function may have a body instead of a source. */
const bodiesSince = 14;
/** Errors that have nothing to do with the question: the next attempt may be answered. */
const passing = /^(?:08|25|40|53|55|57)/;
/** An object was dropped while it was read ("could not open relation"). */
const raced = 'XX000';
const attemptsMax = 3;

/** Reads what has changed in the catalogue. */
export function readCode(backend: Backend, code: DatabaseCode, then: (isRead: boolean) => void): void {
  const { catalogue } = code;
  const hasBodies = Number.parseInt(backend.settings.parameters.get('server_version') ?? '', 10) >= bodiesSince;
  const ended = (isRead: boolean): void => {
    then(isRead);
    code.endRead();
  };
  /** After an internal error nobody waits any longer, and the code counts as unreadable. */
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      code.refused();
      code.endRead();
      throw error;
    }
  };
  let attempts = 0;
  const attempt = (): void => {
    attempts++;
    const asOf = code.beginRead();
    const failed = (sqlstate = 'none'): void => {
      if (sqlstate === raced && attempts < attemptsMax) return attempt();
      if (sqlstate !== raced && !passing.test(sqlstate)) code.refused();
      ended(false);
    };
    const known = (): void => {
      if (catalogue.isOther) code.read(catalogue.takeRows(), asOf);
      else code.confirmed(asOf);
      ended(true);
    };
    const told = (text: string | undefined, sqlstate: string | undefined): void => {
      const answer = readAnswer(text, readCodeAnswer);
      if (answer === undefined) return failed(sqlstate);
      const gone = catalogue.take(answer) ? catalogue.gone(answer.counts) : undefined;
      if (gone === undefined) {
        catalogue.forget();
        return failed(raced);
      }
      if (gone.length === 0) return known();
      backend.queryValue(idsQuery(gone), (idsText, idsFailed) => guarded(() => toldIds(idsText, idsFailed)));
    };
    const toldIds = (text: string | undefined, sqlstate: string | undefined): void => {
      const ids = readAnswer(text, readIds);
      if (ids === undefined) return failed(sqlstate);
      catalogue.keep(ids);
      known();
    };
    backend.queryValue(codeQuery(hasBodies, catalogue.since), (text, sqlstate) => guarded(() => told(text, sqlstate)));
  };
  guarded(attempt);
}

export function readAnswer<Value>(text: string | undefined, reader: (text: string) => Value): Value | undefined {
  try {
    return text === undefined ? undefined : reader(text);
  } catch {
    return undefined; // not what it was asked for
  }
}
