import type { EndpointPosts, EndpointReply } from '@medrex/telemetry';
import type { GatewayAnswer, ModelGateway } from './model-gateway.ts';

/**
 * The model gateway over HTTP: `POST /model/transactions` endorses, submits and waits for the block, `POST /model/evaluate`
 * simulates. Both take `{ chaincode, fn, args (base64), channel?, creator?, isAdministrator? }`.
 *
 * @param gateways by channel; a request that names none goes to the first
 */
export function gatewayPosts(gateways: ReadonlyMap<string, ModelGateway>): EndpointPosts {
  const [first] = gateways.values();
  const to =
    (act: (gateway: ModelGateway, request: unknown) => Promise<GatewayAnswer>) =>
    async (body: Uint8Array): Promise<EndpointReply> => {
      const request = parse(body);
      const channel = channelOf(request);
      const gateway = channel === undefined ? first : gateways.get(channel);
      if (gateway === undefined)
        return reply({ status: 404, body: { error: 'CHANNEL_UNKNOWN', message: 'no such channel here' } });
      return reply(await act(gateway, request));
    };
  return {
    '/model/transactions': to((gateway, request) => gateway.transact(request)),
    '/model/evaluate': to((gateway, request) => gateway.evaluate(request)),
  };
}

/** JSON of a body; undefined, which no request is, when it is none. */
function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return undefined;
  }
}

function channelOf(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null || !('channel' in request)) return undefined;
  return typeof request.channel === 'string' ? request.channel : undefined;
}

const reply = ({ status, body }: GatewayAnswer): EndpointReply => ({
  ...{ status, contentType: 'application/json' },
  body: `${JSON.stringify(body)}\n`,
});
