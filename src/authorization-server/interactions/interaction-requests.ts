/**
 * Each request of a sign-in in progress as one unit of work: its pages, and the engine's way back from them. The engine's
 * answer leaves after its writes are committed. If the commit fails, the browser keeps its cookies, the client gets no answer,
 * and a reload of the page goes on.
 */
import type { HttpContext } from '../../http/context.js'
import { claimsMetadataDocument } from '../../oauth/client-id.js'
import { AuthorizationReader } from '../../storage/grants/authorization-reader.js'
import { InteractionReader } from '../../storage/grants/interaction-reader.js'
import type { Storage } from '../../storage/storage.js'
import { UnitOfWork } from '../../storage/unit-of-work.js'
import { PageError } from '../pages/page-error.js'
import { routes } from '../routes.js'
import type { UnitKind } from '../units-of-work.js'

/** Where a browser comes with the cookie of an interaction. */
const places: readonly string[] = ['/interaction/', `${routes.authorization}/`, `${routes.code_verification}/`]

/** What was collected is written before the answer leaves; if it cannot be, the browser keeps its cookies and the client gets no answer. */
async function commitBeforeAnswer(ctx: HttpContext, unit: UnitOfWork): Promise<void> {
  let isCommitted = false
  try {
    isCommitted = (await unit.commit()).kind === 'committed'
  } finally {
    if (!isCommitted) for (const header of ['location', 'set-cookie']) ctx.remove(header)
  }
  if (!isCommitted) throw new PageError('interaction-expired', 'invalid_request', 400)
}

/** Throws PageError `interaction-expired` when another request answered first. */
export function interactionRequests(storage: Storage): UnitKind {
  return {
    open: ({ path }) => {
      const place = places.find((prefix) => path.startsWith(prefix))
      if (place === undefined) return undefined
      return new UnitOfWork(storage, new InteractionReader(storage, path.slice(place.length)))
    },
    close: commitBeforeAnswer,
  }
}

/** The client that a request names, if it is one of our table. */
function registeredClient({ query }: HttpContext): string | undefined {
  const { client_id: id } = query
  return typeof id !== 'string' || id.includes('\0') || claimsMetadataDocument(id) ? undefined : id
}

/** Authorization requests: the sign-in that begins, and the session, are one commit. */
export function authorizationRequests(storage: Storage): UnitKind {
  return {
    open: (ctx) => {
      if (ctx.path !== routes.authorization) return undefined
      return new UnitOfWork(storage, new AuthorizationReader(storage, registeredClient(ctx)))
    },
    close: commitBeforeAnswer,
  }
}
