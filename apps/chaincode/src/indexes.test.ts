import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const folder = new URL('../META-INF/statedb/couchdb/indexes/', import.meta.url);

it.each(readdirSync(folder))('%s is an index that the peer accepts', (file) => {
  const index = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as object;
  const name = file.replace('.json', '');
  const field = expect.stringMatching(/^[a-zA-Z]+$/); // CouchDB refuses names that begin with an underscore
  expect(index).toEqual({ index: { fields: expect.arrayContaining([field]) }, ddoc: name, name, type: 'json' });
});
