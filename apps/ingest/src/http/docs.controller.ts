import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { problem } from '../problem.ts';
import { IngestRuntime } from '../runtime.ts';
import { version } from '../version.ts';
import { openApi } from './openapi.ts';
import { sendProblem } from './reply.ts';

/** Files of the page, served from the installed package, so that nothing is loaded from other servers. */
const files: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const folder = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Medrex ingest</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, validatorUrl: null });</script>
</body>
</html>
`;

/** The OpenAPI document, and a page that shows it. */
@Controller()
export class DocsController {
  readonly #document: string;

  constructor(@Inject(IngestRuntime) { config }: IngestRuntime) {
    const document = openApi({
      version,
      requestBytesMax: config.INGEST_REQUEST_BYTES_MAX,
      linesMax: config.INGEST_LINES_MAX,
      operationBytesMax: config.INGEST_OPERATION_BYTES_MAX,
      advisedLines: config.INGEST_ADVISED_LINES,
      dedupeWindowMs: config.INGEST_DEDUPE_WINDOW_MS,
    });
    this.#document = JSON.stringify(document);
  }

  /** Redirects browsers from the root to the documentation page. */
  @Get()
  home(@Res() reply: FastifyReply): void {
    reply.redirect('/docs', 302);
  }

  @Get('openapi.json')
  openApi(@Res() reply: FastifyReply): void {
    reply.type('application/json; charset=utf-8').send(this.#document);
  }

  @Get('docs')
  page(@Res() reply: FastifyReply): void {
    reply.type('text/html; charset=utf-8').send(page);
  }

  @Get('docs/:file')
  async file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { file } = request.params as { readonly file: string };
    const type = Object.hasOwn(files, file) ? files[file] : undefined;
    if (type === undefined) return sendProblem(request, reply, problem('NOT_FOUND'));
    reply.type(type).header('cache-control', 'public, max-age=3600');
    reply.send(await readFile(path.join(folder, file)));
  }
}
