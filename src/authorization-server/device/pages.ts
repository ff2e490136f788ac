/** Pages of the device flow that the engine asks for: entering the code, and the end. What comes between is the consent page. */
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import type { Pages } from '../../pages/pages.js'
import { isDeviceCodeAnswered } from '../engine/engine-errors.js'
import type { DeviceEntryError, DoneContext, Views } from '../pages/views.js'
import { routes } from '../routes.js'
import { enteredCode, TooManyCodes } from './entry.js'

type DeviceFlow = Exclude<NonNullable<NonNullable<Configuration['features']>['deviceFlow']>, boolean>

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
  if (error instanceof errors.InvalidRequest) return 'form-expired'
  return entryErrors[error.name]
}

/** A session that the browser brought along: a new one has no end yet. */
function isStored(session: KoaContextWithOIDC['oidc']['session']): boolean {
  return typeof session?.exp === 'number'
}

async function sendDone(pages: Pages<Views>, ctx: KoaContextWithOIDC, outcome: DoneContext['outcome']): Promise<void> {
  const clientId = ctx.oidc.entities.Interaction?.params['client_id']
  const client = typeof clientId === 'string' ? await ctx.oidc.provider.Client.find(clientId) : undefined
  pages.send(ctx as unknown as HttpContext, 'done', { outcome, clientName: client?.clientName ?? client?.clientId })
}

/** The `deviceFlow` feature's sources. `renderError` shows what is not about the code. */
export function createDevicePages(
  pages: Pages<Views>,
  renderError: NonNullable<Configuration['renderError']>,
): Required<Pick<DeviceFlow, 'userCodeInputSource' | 'userCodeConfirmSource' | 'successSource'>> {
  return {
    userCodeInputSource: async (ctx, _form, out, error) => {
      if (error?.name === 'AbortedError') return sendDone(pages, ctx, 'denied')
      const problem = error === undefined ? undefined : entryErrorOf(error)
      if (error !== undefined && out !== undefined && problem === undefined) return renderError(ctx, out, error)
      const ours = ctx as unknown as HttpContext
      if (error !== undefined && out !== undefined && !isStored(ctx.oidc.session)) {
        // Without its cookie there is nothing a form could be bound to, and the engine fails at storing what it has not begun.
        Object.assign(ctx.oidc.session ?? {}, { touched: false })
        if (ctx.oidc.route !== 'code_verification') return renderError(ctx, out, error)
        const { event } = ours.state
        event['outcome'] = 'form-expired'
        return pages.send(ours, 'error', { kind: 'form-expired', requestId: event.requestId }, 403)
      }
      if (problem !== undefined) ours.state.event['outcome'] = problem
      const secret = ctx.oidc.session?.state?.['secret']
      const context = {
        userCode: enteredCode(ctx),
        error: problem,
        action: publicPath(ours, routes.code_verification),
        xsrf: typeof secret === 'string' ? secret : '',
      }
      if (!(error instanceof TooManyCodes))
        return pages.send(ours, 'device', context, problem === undefined ? 200 : 422)
      const { retryAfterSeconds } = error
      ours.set('retry-after', String(retryAfterSeconds))
      return pages.send(ours, 'device', { ...context, retryAfterSeconds }, 429)
    },
    userCodeConfirmSource: async () => {
      throw new Error('a code that was entered is confirmed on the consent page')
    },
    successSource: (ctx) => sendDone(pages, ctx, 'allowed'),
  }
}
