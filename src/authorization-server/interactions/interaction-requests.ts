/**
 * Each request of a sign-in in progress as one unit of work: its pages, and the engine's way back from them. The engine's
 * answer leaves after its writes are committed. If the commit fails, the browser keeps its cookies, the client gets no answer,
 * and a reload of the page goes on.
 */
import { InteractionReader } from '../../storage/grants/interaction-reader.js'
import type { Storage } from '../../storage/storage.js'
import { UnitOfWork } from '../../storage/unit-of-work.js'
import { PageError } from '../pages/page-error.js'
import { routes } from '../routes.js'
import type { UnitKind } from '../units-of-work.js'

/** Where a browser comes with the cookie of an interaction. */
const places: readonly string[] = ['/interaction/', `${routes.authorization}/`, `${routes.code_verification}/`]

/** Throws PageError `interaction-expired` when another request answered first. */
export function interactionRequests(storage: Storage): UnitKind {
  return {
    open: ({ path }) => {
      const place = places.find((prefix) => path.startsWith(prefix))
      if (place === undefined) return undefined
      return new UnitOfWork(storage, new InteractionReader(storage, path.slice(place.length)))
    },
    close: async (ctx, unit) => {
      let isCommitted = false
      try {
        isCommitted = (await unit.commit()).kind === 'committed'
      } finally {
        if (!isCommitted) for (const header of ['location', 'set-cookie']) ctx.remove(header)
      }
      if (!isCommitted) throw new PageError('interaction-expired', 'invalid_request', 400)
    },
  }
}
