import { copiedExactly } from '@medrex/contracts';
import { isJsonObject } from '../message/json-text.ts';
import type { EntryResponse } from './entry-response.ts';

/** A resource as it was sent. */
export type SentResource = Readonly<Record<string, unknown>>;

/** The sent resource with its stored id, version and time. */
export function asRecorded(resource: SentResource, { location = '', lastModified }: EntryResponse): SentResource {
  const [, id, , versionId] = location.split('/');
  const meta = isJsonObject(resource['meta']) ? resource['meta'] : {};
  const recorded = {
    ...resource,
    ...(id !== undefined && { id }),
    meta: { ...meta, ...(versionId !== undefined && { versionId }), lastUpdated: lastModified },
  };
  return copiedExactly(recorded, resource);
}

/** A copy of the value with its references replaced. @param names new reference by old reference */
export function withReferences(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return copiedExactly(
      value.map((item) => withReferences(item, names)),
      value,
    );
  }
  const fields = Object.entries(value).map(([name, field]: readonly [string, unknown]) => {
    const isReference = name === 'reference' && typeof field === 'string';
    return [name, isReference ? (names.get(field) ?? field) : withReferences(field, names)] as const;
  });
  return copiedExactly(Object.fromEntries(fields), value);
}
