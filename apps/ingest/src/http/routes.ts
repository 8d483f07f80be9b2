import type { FastifyInstance } from 'fastify';

/** The registered routes and their methods, to distinguish 404 from 405. */
export class Routes {
  readonly #methods = new Map<string, Set<string>>();

  /** @param server a server without registered routes */
  constructor(server: Pick<FastifyInstance, 'addHook'>) {
    server.addHook('onRoute', ({ url, method }) => {
      const methods = this.#methods.get(url) ?? new Set();
      for (const one of [method].flat()) methods.add(one);
      this.#methods.set(url, methods);
    });
  }

  /** The methods of an address, sorted; empty for an unknown address. */
  methodsOf(url: string): readonly string[] {
    const parts = partsOf(url.split('?', 1)[0] ?? '');
    const found = [...this.#methods].flatMap(([route, methods]) =>
      matches(partsOf(route), parts) ? [...methods] : [],
    );
    return [...new Set(found)].sort();
  }
}

/** The segments of a path; like the router, it ignores a trailing slash. */
function partsOf(path: string): readonly string[] {
  return path.replace(/\/$/, '').split('/');
}

function matches(route: readonly string[], parts: readonly string[]): boolean {
  return route.length === parts.length && route.every((one, at) => one === parts[at] || one.startsWith(':'));
}
