import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** A package of a chaincode that runs as a service, and its id. */
export interface ChaincodePackage {
  readonly bytes: Uint8Array;
  readonly id: string;
}

/** Packages the address of a chaincode service; equal addresses and labels make equal packages. */
export function chaincodePackage(label: string, address: string): ChaincodePackage {
  const connection = json({ address, dial_timeout: '3s', tls_required: false });
  const code = archive([['connection.json', connection]]);
  const bytes = archive([
    ['metadata.json', json({ type: 'ccaas', label })],
    ['code.tar.gz', code],
  ]);
  return { bytes, id: `${label}:${createHash('sha256').update(bytes).digest('hex')}` };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

type File = readonly [name: string, content: Buffer];

function archive(files: readonly File[]): Buffer {
  const blocks = files.flatMap(([name, content]) => [header(name, content.length), padded(content)]);
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1_024)]));
}

const padded = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);

/** The header of one file in the ustar format. */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, length: number): string => value.toString(8).padStart(length, '0');
  block.write(name, 0);
  block.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0`, 100);
  block.write('        0', 148); // the checksum is computed with blanks in its own field
  block.write('ustar\0' + '00', 257);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}
