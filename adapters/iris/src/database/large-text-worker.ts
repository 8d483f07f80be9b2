import {
  IrisTranslator,
  schemaMap,
  SqlAnalyser,
  type Analysis,
  type Translatable,
  type Translation,
} from '@medrex/sql';
import { answerInTurn } from './answer-in-turn.ts';
import { KnownTables } from './known-tables.ts';
import type { TranslatorSetUp } from './large-texts.ts';
import type { Table } from './metadata.ts';

/** The analysis and translations of a text. */
export interface Translated {
  readonly analysis: Analysis;
  readonly translations: readonly Translation[];
}

/** `hasMissed`: the text names an unknown table. */
export type TranslatedThere = Translated & { readonly hasMissed: boolean };

export type LargeTextRequest = Translatable & {
  /** Given with the first request. */
  readonly setUp?: TranslatorSetUp;
  /** Given if they differ from those of the last request. */
  readonly tables?: readonly Table[];
};

interface Translating {
  readonly analyser: SqlAnalyser;
  readonly translator: IrisTranslator;
  readonly tables: KnownTables;
}

let translating: Translating | undefined;

async function load({ normalised, ...options }: TranslatorSetUp): Promise<Translating> {
  const tables = new KnownTables(schemaMap(options.schemas), new Set(normalised));
  // The caller caches the results.
  const analyser = await SqlAnalyser.load({ cacheBytesMax: 1 });
  return { analyser, tables, translator: await IrisTranslator.load({ ...options, cacheBytesMax: 1 }, tables) };
}

async function translate({
  setUp,
  tables: read,
  text,
  types,
  path,
  values,
}: LargeTextRequest): Promise<TranslatedThere> {
  if (setUp !== undefined) translating = await load(setUp);
  if (translating === undefined) throw new Error('it has not been set up');
  const { analyser, translator, tables } = translating;
  if (read !== undefined) tables.replace(read);
  const analysis = analyser.analyseLarge(text);
  return { analysis, translations: translator.translate(text, types, path, values), hasMissed: tables.takeMissed() };
}

answerInTurn((request) => translate(request as LargeTextRequest));
