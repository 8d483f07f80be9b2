/**
 * Whether a media type is one of FHIR R4: its parameter `fhirVersion` is 4.0, or missing
 * (https://hl7.org/fhir/R4/http.html#version-parameter).
 */
export function isOfR4(mediaType: string): boolean {
  const version = /;\s*fhirversion\s*=\s*"?([^;"\s]*)/i.exec(mediaType)?.[1];
  return version === undefined || /^4\.0(?:\.[01])?$/.test(version);
}
