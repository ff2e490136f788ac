/** One sign-in in progress: the engine's Interaction, the client it is for, and the ways it can end. */

import type { Write } from '../../database/writes.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { loopbackSuffix } from '../../oauth/cookie-names.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import type { InteractionReader } from '../../storage/grants/interaction-reader.js'
import type { UnitOfWork } from '../../storage/unit-of-work.js'
import { type IdentifiedClient, identified } from '../clients/identity.js'
import { isSessionNotFound, refusedClientDetail } from '../engine/engine-errors.js'
import type { Engine, EngineClient, EngineInteraction, EngineResult } from '../engine/engine-types.js'
import { PageError } from '../pages/page-error.js'
import { type AskingParameters, askingParameters } from './requested-access.js'
import { signedInAccount } from './signed-in-browser.js'

export interface Interaction extends AskingParameters {
  readonly engine: EngineInteraction
  readonly client: IdentifiedClient
  /** The operator made the client. */
  readonly isOperatorsClient: boolean
  /** The unit of work of this request. */
  readonly unit: UnitOfWork
  /** What was read with the interaction. */
  readonly known: InteractionReader
  /** The account that just signed in with this browser, or that its session belongs to. */
  readonly accountId: string | undefined
}

/** Tells a later visit by the back button that this interaction was answered. Bound to its path, says nothing else. */
const answeredCookie = (ctx: HttpContext): string => `answered${loopbackSuffix(ctx.state.origin)}`

function rememberAnswered(ctx: HttpContext, uid: string): void {
  const path = publicPath(ctx, `/interaction/${uid}`)
  ctx.cookies.set(answeredCookie(ctx), '1', { path, httpOnly: true, sameSite: 'lax', signed: false, maxAge: 3_600_000 })
}

async function findClient({ Client }: Engine, clientId: string): Promise<EngineClient | undefined> {
  return Client.find(clientId).catch((cause: unknown) => {
    const detail = refusedClientDetail(cause)
    throw detail === undefined ? cause : new PageError('client-unavailable', 'invalid_client', 400, { detail, cause })
  })
}

/**
 * The interaction that URL and cookie agree on. Throws PageError `interaction-used` when this browser answered it,
 * `interaction-expired` when it is over, belongs to another browser, or the cookie is missing; `unknown-client` when its
 * client is gone, `client-unavailable` when its document is.
 */
export async function loadInteraction(
  engine: Engine,
  ctx: HttpContext,
  uid: string | undefined,
  unit: UnitOfWork,
  known: InteractionReader,
): Promise<Interaction> {
  const stored = await engine.interactionDetails(ctx.req, ctx.res).catch((cause: unknown) => {
    if (!isSessionNotFound(cause)) throw cause
    const answered = ctx.cookies.get(answeredCookie(ctx), { signed: false }) === '1'
    throw new PageError(answered ? 'interaction-used' : 'interaction-expired', 'invalid_request', 400, { cause })
  })
  if (stored.uid !== uid) throw new PageError('interaction-expired', 'invalid_request', 400)
  const clientId = stored.params['client_id']
  const client = typeof clientId === 'string' ? await findClient(engine, clientId) : undefined
  if (client === undefined) throw new PageError('unknown-client', 'invalid_client', 400)
  ctx.state.event.clientId = client.clientId
  const asking = askingParameters(stored.params)
  ctx.state.uiLocales = asking.parameter('ui_locales')
  const accountId = stored.prompt.name === 'login' ? signedInAccount(ctx, stored.result) : stored.session?.accountId
  if (accountId !== undefined) {
    ctx.state.event.subjectHash = subjectHash(accountId)
    ctx.state.accountLanguage = known.languageOf(accountId)
  }
  const isOperatorsClient = client['made_by_operator'] === true
  return { engine: stored, client: identified(client), isOperatorsClient, unit, known, ...asking, accountId }
}

/**
 * Saves the interaction for its remaining time, and `writes` with it, all or nothing. Throws PageError `interaction-used` when it
 * was answered or ended meanwhile.
 */
export async function saveInteraction(
  { engine, unit }: Interaction,
  nowSeconds: number,
  ...writes: readonly Write[]
): Promise<void> {
  unit.write(...writes)
  await engine.save(Math.max(1, engine.exp - nowSeconds)).catch((cause: unknown) => {
    if (!isSessionNotFound(cause)) throw cause
    throw new PageError('interaction-used', 'invalid_request', 400, { cause })
  })
}

/** Ends the interaction with a result: the browser goes on to the engine, which answers the client. */
export async function finishInteraction(
  ctx: HttpContext,
  interaction: Interaction,
  result: EngineResult,
  nowSeconds: number,
  ...writes: readonly Write[]
): Promise<void> {
  const { engine } = interaction
  engine.result = result
  await saveInteraction(interaction, nowSeconds, ...writes)
  rememberAnswered(ctx, engine.uid)
  seeOther(ctx, engine.returnTo)
}
