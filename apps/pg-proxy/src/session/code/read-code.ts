import type { Backend } from '../backend/backend.ts';
import { codeQuery, idsQuery, readCodeAnswer, readIds } from './code-query.ts';
import type { UnseenCode } from './unseen-code.ts';

/** From here on a function may have a body in place of a source. */
const bodiesSince = 14;
/** What has nothing to do with what was asked: the next one may have an answer. */
const passing = /^(?:08|25|40|53|55|57)/;
/** What it read about was dropped meanwhile ("could not open relation"). */
const raced = 'XX000';
const attemptsMax = 3;

/** Reads what the catalogue has that it had not before. */
export function readCode(backend: Backend, code: UnseenCode, then: (isRead: boolean) => void): void {
  const { catalogue } = code;
  const hasBodies = Number.parseInt(backend.settings.parameters.get('server_version') ?? '', 10) >= bodiesSince;
  const ended = (isRead: boolean): void => {
    then(isRead);
    code.endRead();
  };
  /** Where something of ours fails, nobody waits for it any longer, and the code counts as one that cannot be read. */
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
      backend.question(idsQuery(gone), (idsText, idsFailed) => guarded(() => toldIds(idsText, idsFailed)));
    };
    const toldIds = (text: string | undefined, sqlstate: string | undefined): void => {
      const ids = readAnswer(text, readIds);
      if (ids === undefined) return failed(sqlstate);
      catalogue.keep(ids);
      known();
    };
    backend.question(codeQuery(hasBodies, catalogue.since), (text, sqlstate) => guarded(() => told(text, sqlstate)));
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
