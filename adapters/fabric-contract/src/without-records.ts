import { spaceOf } from '@medrex/keys';
import type { ChaincodeStub, Iterators } from 'fabric-shim-api';

/**
 * The stub for single functions: unchanged, except that Medrex's own keys in the same state are left out of ranges and
 * queries. A contract that lists all its assets finds no operation records among them.
 */
export function withoutRecords(stub: ChaincodeStub): ChaincodeStub {
  const hiding: Partial<ChaincodeStub> = {
    getStateByRange: (start, end) => hidden(stub.getStateByRange(start, end)),
    getStateByRangeWithPagination: (start, end, size, bookmark) =>
      hiddenPage(stub.getStateByRangeWithPagination(start, end, size, bookmark)),
    getQueryResult: (query) => hidden(stub.getQueryResult(query)),
    getQueryResultWithPagination: (query, size, bookmark) =>
      hiddenPage(stub.getQueryResultWithPagination(query, size, bookmark)),
    // Properties set on a stub must be set on the one that the runtime uses.
    setEvent: (name, payload) => stub.setEvent(name, payload),
  };
  return Object.assign(Object.create(stub) as ChaincodeStub, hiding);
}

/** The stub that was passed to `withoutRecords`. */
export function withRecords(stub: ChaincodeStub): ChaincodeStub {
  return Object.hasOwn(stub, 'getStateByRange') ? (Object.getPrototypeOf(stub) as ChaincodeStub) : stub;
}

type Iterator = Iterators.StateQueryIterator;
type Range = Promise<Iterator> & AsyncIterable<Iterators.KV>;
type Page<T> = Promise<T> & AsyncIterable<Iterators.KV>;

const isOurs = ({ key }: Iterators.KV): boolean => spaceOf(key) === 'system';

function hidden(range: Range): Range {
  return Object.assign(range.then(skipping), { [Symbol.asyncIterator]: () => looping(range) });
}

function hiddenPage<T extends { iterator: Iterator }>(page: Page<T>): Page<T> {
  const shown = page.then((found) => ({ ...found, iterator: skipping(found.iterator) }));
  return Object.assign(shown, { [Symbol.asyncIterator]: () => looping(page) });
}

async function* looping(entries: AsyncIterable<Iterators.KV>): AsyncGenerator<Iterators.KV> {
  for await (const entry of entries) if (!isOurs(entry)) yield entry;
}

function skipping(iterator: Iterator): Iterator {
  return {
    async next() {
      for (;;) {
        const found = await iterator.next();
        // The shim omits `value` at the end, whatever its types say.
        if (found.done || !isOurs(found.value)) return found;
      }
    },
    close: () => iterator.close(),
  };
}
