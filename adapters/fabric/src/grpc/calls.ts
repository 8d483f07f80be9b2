import type { Client, ClientDuplexStream } from '@grpc/grpc-js';

const bytesOut = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** One request, one answer, both given as bytes or read by `read`. */
export function unaryCall<T>(
  client: Client,
  call: { readonly path: string; readonly request: Uint8Array; readonly read: (bytes: Uint8Array) => T },
  deadlineMs: number,
): Promise<T> {
  const { path, request, read } = call;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, bytesOut, read, request, { deadline: Date.now() + deadlineMs }, (error, answer) => {
      if (error !== null) reject(error);
      else if (answer === undefined) reject(new Error(`${path}: no answer`));
      else resolve(answer);
    });
  });
}

/** A stream of requests given as bytes, and of answers. */
export function duplexCall<T>(
  client: Client,
  path: string,
  read: (bytes: Uint8Array) => T,
): ClientDuplexStream<Uint8Array, T> {
  return client.makeBidiStreamRequest(path, bytesOut, read);
}
