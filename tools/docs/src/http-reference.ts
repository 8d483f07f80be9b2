import { ingestConfig, openApi } from '@medrex/ingest';

/** docs/reference/openapi.json, with the limits of the default configuration. */
export function ingestDocument(version: string): unknown {
  const config = ingestConfig.parse({});
  return openApi({
    version,
    requestBytesMax: config.INGEST_REQUEST_BYTES_MAX,
    linesMax: config.INGEST_LINES_MAX,
    operationBytesMax: config.INGEST_OPERATION_BYTES_MAX,
    advisedLines: config.INGEST_ADVISED_LINES,
    dedupeWindowMs: config.INGEST_DEDUPE_WINDOW_MS,
  });
}
