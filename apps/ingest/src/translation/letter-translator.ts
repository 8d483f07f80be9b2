import { decodeOperation, encodeOperation } from '@medrex/execute-batch';
import type { IncomingMessage } from '../message/incoming-message.ts';
import { problem } from '../problem.ts';
import type { Translated, Translator } from './translator.ts';

/**
 * Makes the next attempt of an operation that ended dead: the same operation under the id of that attempt. Nothing of it is
 * read but its envelope, and its bodies stay sealed.
 */
export const letterTranslator: Translator = {
  translate: async ({ bytes, opId, resend, attributes }: IncomingMessage): Promise<Translated> => {
    if (resend === undefined || attributes.class === undefined) return { problem: problem('NOTHING_TO_DO') };
    const operation = decodeOperation(bytes);
    const operationBytes = encodeOperation({ ...operation, opId });
    const { item } = resend;
    return {
      items: [{ kind: 'draft', item, opId, contract: operation.contract, class: attributes.class, operationBytes }],
    };
  },
};
