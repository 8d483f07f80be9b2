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
  const relativeUrl = url.slice('/fhir'.length).replace(/^\/+/, '');
  const mark = relativeUrl.indexOf('?');
  if (mark < 0) return { path: relativeUrl, format: undefined };
  const query = relativeUrl.slice(mark + 1);
  const search = withoutGeneralParameters(query);
  const format = /(?:^|&)_format=([^&]*)/.exec(query)?.[1];
  const path = relativeUrl.slice(0, mark);
  return { path: search === '' ? path : `${path}?${search}`, format };
}
