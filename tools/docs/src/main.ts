import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { documents } from './documents.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');
const isCheck = process.argv.includes('--check');

// Writes all generated documents, or with --check only reports those that are out of date.
const differing: string[] = [];
for (const [path, text] of Object.entries(await documents(root))) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  differing.push(path);
  if (isCheck) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

if (isCheck && differing.length > 0) {
  console.error(`These generated documents are out of date; run npm run docs and commit:\n  ${differing.join('\n  ')}`);
  process.exitCode = 1;
} else {
  console.log(differing.length === 0 ? 'Generated documents are up to date.' : `Written: ${differing.join(', ')}`);
}
