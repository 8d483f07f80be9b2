import type { FastifyInstance } from 'fastify';

/** The addresses that are served, and by which methods: tells an unknown address from a method that it does not take. */
export class Routes {
  readonly #methods = new Map<string, Set<string>>();

  /** @param server no route of it is registered yet. */
  constructor(server: Pick<FastifyInstance, 'addHook'>) {
    server.addHook('onRoute', ({ url, method }) => {
      const methods = this.#methods.get(url) ?? new Set();
      for (const one of [method].flat()) methods.add(one);
      this.#methods.set(url, methods);
    });
  }

  /** Methods that the address takes, in the order of the alphabet; none for an address where there is nothing. */
  methodsOf(url: string): readonly string[] {
    const parts = partsOf(url.split('?', 1)[0] ?? '');
    const found = [...this.#methods].flatMap(([route, methods]) =>
      matches(partsOf(route), parts) ? [...methods] : [],
    );
    return [...new Set(found)].sort();
  }
}

/** A slash at the end says nothing here, as for the router. */
function partsOf(path: string): readonly string[] {
  return path.replace(/\/$/, '').split('/');
}

function matches(route: readonly string[], parts: readonly string[]): boolean {
  return route.length === parts.length && route.every((one, at) => one === parts[at] || one.startsWith(':'));
}
