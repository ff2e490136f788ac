/**
 * The revocation feed: tells resource servers which grants, access tokens, clients, accounts and keys ended before their access
 * tokens did, and which scopes a narrowed grant still has, so that tokens which verify themselves can be refused within seconds. No specification has this; it looks like introspection
 * (RFC 7662) on purpose: the same clients, the same authentication, and each learns of its own audience only. Does not own what is
 * revoked when: storage/revocations/revocations.ts.
 *
 * A POST with the form members `after` (the `cursor` of the answer before; none at first) and `wait` (seconds to wait for news).
 */

import { hashSecret } from '../../base/secrets.js'
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import type { DeclarationsInForce } from '../../oauth/declared-resource.js'
import { OAuthError } from '../../oauth/errors.js'
import { createRevocations, type RevocationPage, type Revocations } from '../../storage/revocations/revocations.js'
import type { Storage } from '../../storage/storage.js'
import type { AuthenticateClient } from '../engine/client-authentication.js'
import type { EngineClient } from '../engine/engine-types.js'
import { introspectedBy } from '../resources/introspected.js'
import { revocationFeedPath } from '../routes.js'
import { createChangeWatch } from './change-watch.js'

/** How often the database is asked whether there is news, while anybody waits: half of what a revocation takes to arrive. */
const askEveryMs = 400
const longestWaitSeconds = 25

/** The private-use claim by which a token names its grant, as the feed does: a hash, because the id itself is ours alone. */
export function grantClaim(grantId: string | undefined): { readonly gid: string } | undefined {
  return grantId === undefined ? undefined : { gid: hashSecret(grantId) }
}

interface FeedRequest {
  readonly after: string | undefined
  readonly waitSeconds: number
}

function readRequest(form: URLSearchParams): FeedRequest {
  const [after, ...further] = form.getAll('after')
  const [wait = '0', ...furtherWaits] = form.getAll('wait')
  if (further.length + furtherWaits.length > 0) throw new OAuthError('invalid_request', 'a parameter is given twice')
  if (!/^\d{1,4}$/.test(wait)) throw new OAuthError('invalid_request', 'wait must be a number of seconds')
  return { after, waitSeconds: Math.min(Number(wait), longestWaitSeconds) }
}

/** The resources and families whose facts the client may see. */
function audienceOf(client: EngineClient): readonly string[] {
  const audience = introspectedBy(client['introspects'])
  if (client.clientAuthMethod === 'none' || audience.length === 0) {
    throw new OAuthError('unauthorized_client', 'the feed is for resource servers: clients that may introspect', {
      status: 403,
    })
  }
  return audience
}

/** A cursor ends with a mark of the audience that it is good for. */
const marks = { before: '~', form: /^(?<place>[^~]*)~(?<mark>[\w-]{16})$/ } as const

const markOf = (audience: readonly string[]): string => hashSecret([...audience].sort().join(' ')).slice(0, 16)

/**
 * Where to read on. `undefined`: from the beginning, because the client did not read for these resources before. What ended before would
 * never reach it otherwise. A cursor without a mark was given by an earlier release.
 */
function placeFor(audience: readonly string[], after: string | undefined): string | undefined {
  const { place, mark } = marks.form.exec(after ?? '')?.groups ?? {}
  if (place === undefined) return after
  return mark === markOf(audience) ? place : undefined
}

async function readPage(
  revocations: Revocations,
  audience: readonly string[],
  after: string | undefined,
): Promise<RevocationPage> {
  try {
    return await revocations.read(audience, after)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new OAuthError('invalid_request', 'after must be a cursor from an earlier answer of this feed', {
      cause: error,
    })
  }
}

function answer(ctx: HttpContext, page: RevocationPage, isLast: boolean): void {
  ctx.status = 200
  ctx.set('cache-control', 'no-store')
  // A reader that retries at once must find the server gone, not delay its stop.
  if (isLast) ctx.set('connection', 'close')
  ctx.body = {
    // As on the wire elsewhere: snake case, times in seconds.
    revocations: page.revocations.map(({ kind, id, at, expiresAt, resource, scopes }) => ({
      ...{ kind, id, at, expires_at: expiresAt },
      ...(scopes !== undefined && { resource, scopes }),
    })),
    cursor: page.cursor,
    more: page.more,
    complete: !page.known,
  }
  ctx.state.event.revocations = page.revocations.length
  // Every few seconds from each resource server, as long as it runs.
  ctx.state.isRoutine = page.revocations.length === 0
}

/** Middleware. When `stopping` is aborted, or other declarations are in force, waiting requests are answered. */
export function serveRevocationFeed(
  storage: Storage,
  declarations: DeclarationsInForce,
  authenticate: AuthenticateClient,
  stopping?: AbortSignal,
): HttpMiddleware {
  const revocations = createRevocations(storage)
  let known = declarations.current()
  const { watch } = createChangeWatch({
    ask: async (since) => {
      const { changed, snapshot } = await revocations.look(since)
      const isDeclaredOtherwise = known !== declarations.current()
      known = declarations.current()
      return { changed: changed || isDeclaredOtherwise, place: snapshot }
    },
    intervalMs: askEveryMs,
    stopping,
  })

  /** The next page, at the latest when `waitSeconds` are over. */
  async function nextPage(audience: readonly string[], { after, waitSeconds }: FeedRequest, gone: AbortSignal) {
    const atFirst = declarations.current()
    const place = placeFor(audience, after)
    const endsAt = storage.clock.now().getTime() + waitSeconds * 1000
    const watcher = watch()
    try {
      for (;;) {
        const page = await readPage(revocations, audience, place)
        const left = endsAt - storage.clock.now().getTime()
        // The client may concern other resources now: it is looked up again when it asks again.
        const isOver = left <= 0 || gone.aborted || stopping?.aborted === true || declarations.current() !== atFirst
        if (place === undefined || page.revocations.length > 0 || !page.known || isOver) return page
        await watcher.wait(left, gone)
      }
    } finally {
      watcher.end()
    }
  }

  return async (ctx, next) => {
    if (ctx.path !== revocationFeedPath || ctx.method !== 'POST') return next()
    const form = await readForm(ctx)
    const audience = audienceOf(await authenticate(ctx, form))
    const gone = new AbortController()
    ctx.res.once('close', () => gone.abort())
    const request = readRequest(form)
    const page = await nextPage(audience, request, gone.signal)
    const isComplete = !page.known || (request.after !== undefined && placeFor(audience, request.after) === undefined)
    const cursor = `${page.cursor}${marks.before}${markOf(audience)}`
    answer(ctx, { ...page, cursor, known: !isComplete }, stopping?.aborted === true)
  }
}
