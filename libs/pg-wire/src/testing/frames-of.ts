import type { FrameRules } from '../framing/frame-rules.ts';
import { Framer } from '../framing/framer.ts';
import type { WireFault } from '../wire-fault.ts';

export interface Framed {
  /** Whole messages, joined from their pieces. */
  readonly messages: readonly Buffer[];
  readonly fault: WireFault | undefined;
  readonly isBetweenMessages: boolean;
}

/** Runs a framer over the chunks. Throws if pieces come out of order. */
export function framesOf(rules: FrameRules, chunks: readonly Buffer[]): Framed {
  const framer = new Framer(rules);
  const messages: Buffer[] = [];
  let pieces: Buffer[] = [];
  for (const chunk of chunks) {
    framer.feed(chunk);
    while (framer.next()) {
      if (framer.isFirst !== (pieces.length === 0)) throw new Error('a piece is out of order');
      pieces.push(framer.buffer.subarray(framer.start, framer.end));
      if (!framer.isLast) continue;
      const message = Buffer.concat(pieces);
      if (message.length !== framer.length) throw new Error('a message is not as long as it said');
      messages.push(message);
      pieces = [];
    }
  }
  return { messages, fault: framer.fault, isBetweenMessages: framer.isBetweenMessages };
}

/** Cuts bytes into chunks of `sizes`, cyclically. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
