import { clinicalRegistry, isResourceType } from '@medrex/clinical';
import { exactJson } from '@medrex/contracts';
import {
  Controller,
  Delete,
  Get,
  Inject,
  NotAcceptableException,
  NotFoundException,
  Post,
  Put,
  Req,
  Res,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyOf, readPrefer } from '../http/reply.ts';
import type { IntakeRequest } from '../message/incoming-message.ts';
import { IngestRuntime } from '../runtime.ts';
import { version } from '../version.ts';
import { acceptsJson } from './answer-format.ts';
import { capabilityStatement } from './capability-statement.ts';
import { readFhirAddress } from './fhir-address.ts';

const fhirJson = 'application/fhir+json; charset=utf-8';

/** `/fhir`: the writing REST interactions of FHIR. */
@Controller('fhir')
export class FhirController {
  readonly #runtime: IngestRuntime;
  readonly #startedAt = new Date().toISOString();

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @Get('metadata')
  metadata(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    requireJson(request);
    const { INGEST_OPERATION_BYTES_MAX: bytesMax } = this.#runtime.config;
    const statement = capabilityStatement({
      version,
      url: baseUrl(request),
      startedAt: this.#startedAt,
      modules: clinicalRegistry.modules,
      bytesMax,
    });
    reply.type(fhirJson).send(JSON.stringify(statement));
  }

  @Post()
  bundle(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#run(request, reply, undefined);
  }

  @Post(':type')
  create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#run(request, reply, 'POST');
  }

  @Put(':type')
  conditionalUpdate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#run(request, reply, 'PUT');
  }

  @Put(':type/:id')
  update(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#run(request, reply, 'PUT');
  }

  @Delete(':type')
  conditionalDelete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#run(request, reply, 'DELETE');
  }

  @Delete(':type/:id')
  delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#run(request, reply, 'DELETE');
  }

  async #run(request: FastifyRequest, reply: FastifyReply, method: IntakeRequest['method'] | undefined): Promise<void> {
    requireJson(request);
    const { fhir, observer, signal } = this.#runtime;
    const body = bodyOf(request);
    observer.received('fhir', 1, body.length);
    const answer = await fhir.run(
      {
        headers: request.headers,
        body,
        prefer: readPrefer(request),
        baseUrl: baseUrl(request),
        ...(method !== undefined && { request: intakeRequest(request, method) }),
      },
      signal,
    );
    reply.status(answer.status).headers(answer.headers);
    if (answer.body === undefined) reply.send();
    else reply.type(fhirJson).send(exactJson(answer.body));
  }
}

/** Refuses other FHIR formats than JSON before anything is done. */
function requireJson({ headers, url }: FastifyRequest): void {
  if (!acceptsJson(headers.accept, readFhirAddress(url).format)) throw new NotAcceptableException();
}

/** The interaction of a request: `Type/id` or `Type?search`, with the conditions in its headers. */
function intakeRequest(request: FastifyRequest, method: IntakeRequest['method']): IntakeRequest {
  const ifMatch = request.headers['if-none-match'] === '*' ? noVersion : request.headers['if-match'];
  const ifNoneExist = request.headers['if-none-exist'];
  const url = readFhirAddress(request.url).path;
  const [type = ''] = url.split(/[/?]/);
  if (!isResourceType(type)) throw new NotFoundException();
  return {
    method,
    url: method === 'POST' ? (url.split('?')[0] ?? '') : url,
    ...(ifMatch !== undefined && { ifMatch }),
    ...(typeof ifNoneExist === 'string' && { ifNoneExist }),
  };
}

/** ETag of a resource that does not exist; versions start at 1. */
const noVersion = 'W/"0"';

function baseUrl(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}/fhir`;
}
