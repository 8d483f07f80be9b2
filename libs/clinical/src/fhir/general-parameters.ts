const general = /^(?:_format|_pretty|_summary|_elements)(?:=|$)/;

/**
 * A query without the parameters that concern only the form of the answer. Clients append them to any request
 * (https://hl7.org/fhir/R4/http.html#parameters).
 */
export function withoutGeneralParameters(query: string): string {
  return query
    .split('&')
    .filter((one) => one !== '' && !general.test(one))
    .join('&');
}
