import { withoutGeneralParameters } from '@medrex/clinical';

/** What a URL below /fhir says. */
export interface FhirAddress {
  /** `Type/id` or `Type?search`, below the endpoint's own address. */
  readonly path: string;
  /** The format that `_format` asks for; it counts more than Accept. */
  readonly format: string | undefined;
}

/** Reads the URL of a request to the FHIR endpoint. */
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
