/** A span received by OTLP. */
export interface SentSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Trace ids of the links. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Epoch ms. */
  readonly startedAtMs: number;
  readonly durationMs: number;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string }[];
  readonly attributes?: readonly OtlpAttribute[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** The spans in one OTLP request in JSON. */
export function spansIn(body: Uint8Array): readonly SentSpan[] {
  const { resourceSpans } = JSON.parse(Buffer.from(body).toString()) as OtlpRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => sentSpan(service, span)));
  });
}

function sentSpan(service: string, span: OtlpSpan): SentSpan {
  const { name, traceId, spanId, parentSpanId, links = [], attributes = [] } = span;
  return {
    service,
    name,
    traceId,
    spanId,
    parentSpanId,
    links: links.map((link) => link.traceId),
    attributes: valuesOf(attributes),
    startedAtMs: Number(BigInt(span.startTimeUnixNano)) / 1e6,
    durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
  };
}

/** Attribute values by name; OTLP wraps each value in its type, e.g. stringValue. */
function valuesOf(attributes: readonly OtlpAttribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
