import { textOfInterval } from '@medrex/pg-wire';
import { ageBetween, joinedText, type MadeText } from '@medrex/sql';
import { SessionFault } from '../session/session-fault.ts';

/** PostgreSQL's text of what IRIS SQL cannot say. @throws SessionFault */
export function madeText(made: MadeText, text: string): string {
  if (made.kind === 'joined') return joinedText(made, text);
  const age = ageBetween(text);
  if (age === undefined) throw new SessionFault('22008', 'age() of what is no moment');
  return textOfInterval({ ...age, micros: BigInt(age.micros) });
}
