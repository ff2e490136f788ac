/** The pages for a forgotten password: asking for a link (`/recover`), and the page behind it (`/reset/:token`). */
import Router from '@koa/router'
import type { HttpContext, HttpState } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { publicPath } from '../../http/http.js'
import type { Mailer } from '../../mail/mailer.js'
import type { UsageLimits } from '../../oauth/usage-limits.js'
import type { PageLanguages } from '../../pages/page-languages.js'
import type { Pages } from '../../pages/pages.js'
import { type AccountStore, normalizeEmail } from '../../storage/accounts/accounts.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { RateLimits } from '../../storage/counters/rate-limits.js'
import type { MailQueue } from '../../storage/mail/mail-queue.js'
import type { Storage } from '../../storage/storage.js'
import type { AccountLinks } from '../accounts/account-links.js'
import { minimumPasswordLength, type Weakness, weaknesses } from '../accounts/password-rules.js'
import { askToRecover } from '../accounts/recovery.js'
import { senderNetworks } from '../limits/sender.js'
import type { KnownBrowsers } from '../login/known-browsers.js'
import type { PasswordHasher } from '../login/passwords.js'
import { unlockAccount } from '../login/throttle.js'
import type { CsrfProtection } from './csrf.js'
import { PageError } from './page-error.js'
import type { Views } from './views.js'

export interface RecoveryPageParts {
  readonly storage: Pick<Storage, 'prisma'>
  readonly productName: string
  /** `undefined`: no mail is sent, and the page says what to do. */
  readonly mail: { readonly queue: MailQueue; readonly mailer: Mailer } | undefined
  readonly languages: PageLanguages
  readonly accounts: AccountStore
  readonly links: AccountLinks
  readonly knownBrowsers: KnownBrowsers
  readonly hasher: PasswordHasher
  readonly audit: AuditTrail
  readonly limits: RateLimits
  readonly usageLimits: UsageLimits
  /** See `AuthorizationServerOptions`. */
  readonly hidesAddresses: boolean
  readonly csrf: CsrfProtection
  readonly pages: Pages<Views>
}

/** Anybody may ask: the token only tells our form from another one, and `accepts` refuses what other sites send. */
const askBinding = 'recover'

const resetBinding = (token: string): string => `reset ${token}`

const isDisconnecting = (form: URLSearchParams): boolean => form.get('disconnect') === 'yes'

function linkEnded(): PageError {
  return new PageError('link-ended', 'access_denied', 410)
}

function formExpired(): PageError {
  return new PageError('form-expired', 'access_denied', 403)
}

function showAsk(parts: RecoveryPageParts, ctx: HttpContext, email = '', error?: 'no-address'): void {
  const context = {
    ...{ email, error, sendsMail: parts.mail !== undefined },
    ...{ action: publicPath(ctx, '/recover'), csrfToken: parts.csrf.tokenFor(askBinding) },
  }
  parts.pages.send(ctx, 'recover', context, error === undefined ? 200 : 422)
}

/** Throws if a stranger asks for too many mails. */
export async function countMailAsk(
  parts: Pick<RecoveryPageParts, 'limits' | 'usageLimits' | 'hidesAddresses'>,
  ctx: HttpContext,
): Promise<void> {
  const { limit, windowSeconds, total, limitBeyond } = parts.usageLimits.mail
  if (limit === 0) return
  const perAddress = parts.hidesAddresses ? undefined : limit
  const counted = { what: 'mails asked for', windowSeconds, perAddress, total, perAddressBeyond: limitBeyond }
  const excess = await parts.limits.take(counted, senderNetworks(ctx))
  if (excess === undefined) return
  ctx.state.event.limit = 'mail'
  ctx.set('retry-after', String(excess.retryAfterSeconds))
  throw new PageError('too-many-requests', 'temporarily_unavailable', 429)
}

async function ask(parts: RecoveryPageParts, ctx: HttpContext): Promise<void> {
  const form = await readForm(ctx)
  if (!parts.csrf.accepts(ctx, askBinding, form.get('csrf'))) throw formExpired()
  if (parts.mail === undefined) return showAsk(parts, ctx)
  const typed = form.get('email') ?? ''
  const email = normalizeEmail(typed)
  if (email === undefined) return showAsk(parts, ctx, typed, 'no-address')
  await countMailAsk(parts, ctx)
  const { requestId } = ctx.state.event
  await askToRecover(parts.mail.queue, { email, language: parts.languages.chosenFor(ctx), requestId })
  parts.pages.send(ctx, 'recover-sent', { email })
}

async function showReset(
  parts: RecoveryPageParts,
  ctx: HttpContext,
  token: string,
  again?: { readonly error: Weakness; readonly disconnects: boolean },
): Promise<void> {
  const account = await parts.links.findReset(token)
  if (account === undefined) throw linkEnded()
  const context = {
    ...{ email: account.email, passwordLength: minimumPasswordLength },
    ...{ error: again?.error, disconnects: again?.disconnects ?? false },
    ...{ action: publicPath(ctx, `/reset/${encodeURIComponent(token)}`) },
    csrfToken: parts.csrf.tokenFor(resetBinding(token)),
  }
  parts.pages.send(ctx, 'reset', context, again === undefined ? 200 : 422)
}

async function reset(parts: RecoveryPageParts, ctx: HttpContext, token: string): Promise<void> {
  const { accounts, links, hasher, audit, mail, productName } = parts
  const form = await readForm(ctx)
  if (!parts.csrf.accepts(ctx, resetBinding(token), form.get('csrf'))) throw formExpired()
  // Asked before the costly hash; `redeemReset` decides.
  const account = await links.findReset(token)
  if (account === undefined) throw linkEnded()
  const { accountId, email } = account
  const password = form.get('password') ?? ''
  const disconnects = isDisconnecting(form)
  const [error] = weaknesses(password, { email, productName })
  if (error !== undefined) return showReset(parts, ctx, token, { error, disconnects })
  const passwordHash = await hasher.hash(password)
  const event = { type: 'account.password_changed', accountId, detail: { by: 'reset link' } } as const
  const notice = mail?.mailer.write({
    ...{ kind: 'passwordChanged', to: email, values: { email }, path: '/recover' },
    language: account.language ?? parts.languages.chosenFor(ctx),
  })
  const also = [...(notice === undefined ? [] : [notice]), audit.event(event, ctx.state.event)]
  if (!(await links.redeemReset(token, passwordHash, also))) throw linkEnded()
  // Again, for a sign-in that was under way with the old password; and sign-ins in progress.
  await (disconnects ? accounts.endAccess(accountId) : accounts.endSignIns(accountId))
  // No browser is known to the account from now on: what strangers tried before would keep the owner out.
  await unlockAccount(parts.storage, email)
  // A known browser has tries of its own, at a second factor too, which the link proved nothing of.
  const app = await parts.storage.prisma.authenticatorApp.findFirst({
    where: { accountId, confirmedAt: { not: null } },
    select: { accountId: true },
  })
  if (app === null) parts.knownBrowsers.remember(ctx, email, passwordHash)
  parts.pages.send(ctx, 'reset-done', { email, disconnects })
}

export function createRecoveryRouter(parts: RecoveryPageParts): Router<HttpState> {
  const router = new Router<HttpState>()
  router.get('/recover', (ctx) => showAsk(parts, ctx))
  router.post('/recover', (ctx) => ask(parts, ctx))
  router.get('/reset/:token', (ctx) => showReset(parts, ctx, ctx.params['token'] ?? ''))
  router.post('/reset/:token', (ctx) => reset(parts, ctx, ctx.params['token'] ?? ''))
  return router
}
