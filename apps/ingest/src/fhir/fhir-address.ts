import { withoutGeneralParameters } from '@medrex/clinical';

/** A parsed URL below /fhir. */
export interface FhirAddress {
  /** `Type/id` or `Type?search`, relative to the endpoint. */
  readonly path: string;
  /** The format in `_format`; it overrides Accept. */
  readonly format: string | undefined;
}

/** Parses the URL of a request to the FHIR endpoint. */
export function readFhirAddress(url: string): FhirAddress {
  const below = url.slice('/fhir'.length).replace(/^\/+/, '');
  const mark = below.indexOf('?');
  if (mark < 0) return { path: below, format: undefined };
  const query = below.slice(mark + 1);
  const search = withoutGeneralParameters(query);
  const format = /(?:^|&)_format=([^&]*)/.exec(query)?.[1];
  const path = below.slice(0, mark);
  return { path: search === '' ? path : `${path}?${search}`, format };
}
