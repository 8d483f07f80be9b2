import { decodeOperation, encodeOperation } from '@medrex/execute-batch';
import type { IncomingMessage } from '../message/incoming-message.ts';
import { problem } from '../problem.ts';
import type { Translated, Translator } from './translator.ts';

/**
 * Translates a dead operation into its next attempt: the same operation under the id of the attempt. Only the header is read; the
 * bodies stay sealed.
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
