import type { EndpointPosts, EndpointReply } from '@medrex/telemetry';
import type { GatewayAnswer, ModelGateway } from './model-gateway.ts';

/**
 * The model gateway over HTTP: `POST /model/transactions` endorses, submits and waits for the block, `POST /model/evaluate`
 * simulates. Both take `{ chaincode, fn, args (base64), channel?, creator?, isAdministrator? }`.
 *
 * @param gateways by channel; the first one serves requests that name no channel
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
        return reply({
          status: 404,
          body: { error: 'CHANNEL_UNKNOWN', message: 'this process does not serve that channel' },
        });
      return reply(await act(gateway, request));
    };
  return {
    '/model/transactions': to((gateway, request) => gateway.transact(request)),
    '/model/evaluate': to((gateway, request) => gateway.evaluate(request)),
  };
}

/** Parses a body as JSON; undefined when it is invalid. */
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
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(body)}\n`,
});
