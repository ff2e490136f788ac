/** Pages of the device flow that the engine asks for: entering the code, and the end. What comes between is the consent page. */
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import type { Pages } from '../../pages/pages.js'
import { formToken, leaveSessionAsStored } from '../engine/engine-context.js'
import { isDeviceCodeAnswered, isInvalidRequest, TooManyCodes } from '../engine/engine-errors.js'
import type { Engine, EngineRequest, EngineSession } from '../engine/engine-types.js'
import type { DeviceEntryError, DoneContext, Views } from '../pages/views.js'
import { routes } from '../routes.js'
import { enteredCode } from './entry.js'

/** The engine's errors by class name; they are not exported. */
const entryErrors: Readonly<Record<string, DeviceEntryError>> = {
  NoCodeError: 'no-code',
  NotFoundError: 'unknown-code',
  ExpiredError: 'expired-code',
  AlreadyUsedError: 'used-code',
}

/** `undefined`: not about the code that was typed. */
function entryErrorOf(error: Error): DeviceEntryError | undefined {
  if (isDeviceCodeAnswered(error)) return 'used-code'
  if (error instanceof TooManyCodes) return 'too-many-attempts'
  // The engine's token in the form fits no longer: the form was sent twice, or was open for long.
  if (isInvalidRequest(error)) return 'form-expired'
  return entryErrors[error.name]
}

/** A session that the browser brought along: a new one has no end yet. */
function isStored(session: EngineSession | undefined): boolean {
  return typeof session?.exp === 'number'
}

/** A request of the browser at the engine's device pages. */
export interface DevicePageRequest {
  readonly ctx: HttpContext
  readonly request: EngineRequest
  readonly engine: Pick<Engine, 'Client'>
}

/** Why the page for a code comes again. `code`: what a client would be answered; absent where the engine did not answer yet. */
export interface DeviceEntryFailure {
  readonly error: Error
  readonly code: string | undefined
}

export interface DevicePages {
  /** The page for entering a code, or the one of a failure that ends the entry. */
  enterCode(asked: DevicePageRequest, failure: DeviceEntryFailure | undefined): Promise<void>
  succeeded(asked: DevicePageRequest): Promise<void>
}

async function sendDone(
  pages: Pages<Views>,
  { ctx, request, engine }: DevicePageRequest,
  outcome: DoneContext['outcome'],
): Promise<void> {
  const clientId = request.entities.Interaction?.params['client_id']
  const client = typeof clientId === 'string' ? await engine.Client.find(clientId) : undefined
  pages.send(ctx, 'done', { outcome, clientName: client?.clientName ?? client?.clientId })
}

/** `renderError` shows what is not about the code. */
export function createDevicePages(
  pages: Pages<Views>,
  renderError: (ctx: HttpContext, code: string, error: Error) => void,
): DevicePages {
  return {
    enterCode: async (asked, failure) => {
      const { ctx, request } = asked
      const { error, code } = failure ?? {}
      if (error?.name === 'AbortedError') return sendDone(pages, asked, 'denied')
      const problem = error === undefined ? undefined : entryErrorOf(error)
      if (error !== undefined && code !== undefined && problem === undefined) return renderError(ctx, code, error)
      const { event } = ctx.state
      if (error !== undefined && code !== undefined && !isStored(request.session)) {
        // Without its cookie there is nothing a form could be bound to, and the engine fails at storing what it has not begun.
        leaveSessionAsStored(request)
        if (request.route !== 'code_verification') return renderError(ctx, code, error)
        event.outcome = 'form-expired'
        return pages.send(ctx, 'error', { kind: 'form-expired', requestId: event.requestId }, 403)
      }
      if (problem !== undefined) event.outcome = problem
      const context = {
        userCode: enteredCode(ctx),
        error: problem,
        action: publicPath(ctx, routes.code_verification),
        xsrf: formToken(request),
      }
      if (!(error instanceof TooManyCodes)) return pages.send(ctx, 'device', context, problem === undefined ? 200 : 422)
      const { retryAfterSeconds } = error
      ctx.set('retry-after', String(retryAfterSeconds))
      return pages.send(ctx, 'device', { ...context, retryAfterSeconds }, 429)
    },
    succeeded: (asked) => sendDone(pages, asked, 'allowed'),
  }
}
