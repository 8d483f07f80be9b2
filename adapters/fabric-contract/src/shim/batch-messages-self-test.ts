import { ChaincodeMessage, ChaincodeMessageHandler, type ShimMessage, type ShimStream } from './shim-internals.ts';

const getStateMultiple = 25;
const writeBatchState = 24;

/**
 * Sends one of each batch message through the shim to a simulated peer, and answers it. True if the sent bytes are
 * exactly the given ones, nothing resolved before its answer, each answer arrived complete, and an ERROR is an error.
 */
export async function selfTest(): Promise<boolean> {
  try {
    const peer = new PeerStandIn();
    const handler = new ChaincodeMessageHandler(peer, {});
    handler.chat(messageOf(type('REGISTER')));
    peer.say(messageOf(type('REGISTERED')));
    peer.say(messageOf(type('READY')));
    const ask = (one: ShimMessage): Promise<unknown> => handler._askPeerAndListen(one, 'SelfTest');
    const isAsked = await asked(peer, ask, messageOf(getStateMultiple, 'read'), 'RESPONSE');
    const isWritten = await asked(peer, ask, messageOf(writeBatchState, 'write'), 'RESPONSE');
    const isRefused = await asked(peer, ask, messageOf(writeBatchState, 'again'), 'ERROR');
    return isAsked === 'answered' && isWritten === 'answered' && isRefused === 'refused';
  } catch {
    return false;
  }
}

type Ask = (message: ShimMessage) => Promise<unknown>;

async function asked(peer: PeerStandIn, ask: Ask, message: ShimMessage, answer: string): Promise<string> {
  const before = peer.heard.length;
  const asking = ask(message);
  const answeredItself = asking.then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([answeredItself, new Promise((resolve) => setImmediate(resolve, false))]);
  const [heard] = peer.heard.slice(before);
  if (isSettled === true || heard === undefined || !sameMessage(heard, message)) return 'lost';
  peer.say(messageOf(type(answer), 'what the peer says'));
  return asking.then(
    (bytes) => (bytes instanceof Uint8Array && textOf(bytes) === 'what the peer says' ? 'answered' : 'garbled'),
    (error: unknown) => (error instanceof Error && error.message === 'what the peer says' ? 'refused' : 'garbled'),
  );
}

class PeerStandIn implements ShimStream {
  readonly heard: Uint8Array[] = [];
  readonly #listeners: ((message: ShimMessage) => void)[] = [];

  on(event: string, listener: (message: ShimMessage) => void): void {
    if (event === 'data') this.#listeners.push(listener);
  }

  write(message: ShimMessage): void {
    this.heard.push(message.serializeBinary());
  }

  end(): void {
    // Nothing is open.
  }

  say(message: ShimMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}

const type = (name: string): number => ChaincodeMessage.Type[name] ?? -1;

function messageOf(messageType: number, text = ''): ShimMessage {
  const message = new ChaincodeMessage();
  message.setType(messageType);
  message.setPayload(Buffer.from(text));
  message.setTxid('self-test');
  message.setChannelId('none');
  return message;
}

function sameMessage(bytes: Uint8Array, sent: ShimMessage): boolean {
  const heard = ChaincodeMessage.deserializeBinary(bytes);
  return (
    heard.getType() === sent.getType() &&
    heard.getTxid() === sent.getTxid() &&
    heard.getChannelId() === sent.getChannelId() &&
    textOf(heard.getPayload_asU8()) === textOf(sent.getPayload_asU8())
  );
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
