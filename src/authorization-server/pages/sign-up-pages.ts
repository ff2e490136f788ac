/**
 * Making an account of one's own, where `sign_up` lets strangers in: `/sign-up`, and the page behind the link of the mail (`/verify/:token`).
 *
 * Whoever types an address first must not choose the password of its owner's account. So the link's page takes the password once more,
 * unless the browser is the one that signed up.
 */
import Router from '@koa/router'
import { epochSeconds } from '../../base/clock.js'
import { hashSecret, randomSecret } from '../../base/secrets.js'
import type { HttpContext, HttpState } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { publicPath, seeOther } from '../../http/http.js'
import type { Mailer } from '../../mail/mailer.js'
import { cookieSuffix } from '../../oauth/cookie-names.js'
import type { SignUp } from '../../oauth/declared-resource.js'
import { passwordLevel } from '../../oauth/sign-in-levels.js'
import { letsStrangersIn } from '../../oauth/sign-up.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import type { UsageLimits } from '../../oauth/usage-limits.js'
import type { PageLanguages } from '../../pages/page-languages.js'
import type { Pages } from '../../pages/pages.js'
import { type AccountInvitations, type AskedSignUp, signUpSeconds } from '../../storage/accounts/account-invitations.js'
import { findSignedInSession } from '../../storage/accounts/account-sign-in.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { RateLimits } from '../../storage/counters/rate-limits.js'
import type { MailQueue } from '../../storage/mail/mail-queue.js'
import { decidedBy } from '../../storage/unit-of-work.js'
import { minimumPasswordLength, weaknesses } from '../accounts/password-rules.js'
import { askToSignUp } from '../accounts/sign-up.js'
import { openSession, type SessionParts, sessionCookieOf } from '../login/browser-session.js'
import type { KnownBrowsers } from '../login/known-browsers.js'
import type { PasswordHasher } from '../login/passwords.js'
import { accountPath } from '../routes.js'
import { unitOf } from '../units-of-work.js'
import type { CsrfProtection } from './csrf.js'
import { nameFrom } from './invitation-pages.js'
import { PageError } from './page-error.js'
import { countMailAsk } from './recovery-pages.js'
import type { SignUpContext, Views } from './views.js'

export interface SignUpPageParts extends SessionParts {
  readonly productName: string
  /** `undefined`: no mail is sent, so nobody can sign up. */
  readonly mail: { readonly queue: MailQueue; readonly mailer: Mailer } | undefined
  readonly languages: PageLanguages
  readonly invitations: AccountInvitations
  /** At the moment of the question. */
  readonly signUp: () => SignUp
  readonly limits: RateLimits
  readonly usageLimits: UsageLimits
  readonly hidesAddresses: boolean
  readonly knownBrowsers: KnownBrowsers
  readonly hasher: PasswordHasher
  readonly audit: AuditTrail
  readonly csrf: CsrfProtection
  readonly pages: Pages<Views>
}

/** Anybody may ask: the token only tells our form from another one, and `accepts` refuses what other sites send. */
const askBinding = 'sign-up'

const verifyBinding = (token: string): string => `verify ${token}`

function formExpired(): PageError {
  return new PageError('form-expired', 'access_denied', 403)
}

function ended(): PageError {
  return new PageError('sign-up-ended', 'access_denied', 410)
}

/** Throws where strangers cannot sign up: there is no such page. */
function mailOf({ mail, signUp }: SignUpPageParts) {
  if (mail === undefined || !letsStrangersIn(signUp())) throw new PageError('not-found', 'invalid_request', 404)
  return mail
}

function takesAddress({ signUp }: SignUpPageParts, email: string): boolean {
  const { policy, domains = [] } = signUp()
  return policy === 'open' || (policy === 'domains' && domains.includes(email.slice(email.lastIndexOf('@') + 1)))
}

function mistakeIn(parts: SignUpPageParts, email: string | undefined): SignUpContext['errors']['email'] {
  if (email === undefined) return 'no-address'
  return takesAddress(parts, email) ? undefined : 'other-domain'
}

const cookieOf = (issuer: string): string =>
  `${issuer.startsWith('https:') ? '__Host-' : ''}gatehouse_sign_up${cookieSuffix(issuer)}`

const cookieAttributes = { path: '/', httpOnly: true, sameSite: 'lax', signed: true } as const

function showAsk(
  parts: SignUpPageParts,
  ctx: HttpContext,
  typed: Pick<SignUpContext, 'email' | 'name' | 'errors'> = { email: '', name: '', errors: {} },
): void {
  mailOf(parts)
  const context = {
    ...typed,
    ...{ domains: parts.signUp().domains ?? [], passwordLength: minimumPasswordLength },
    ...{ action: publicPath(ctx, '/sign-up'), csrfToken: parts.csrf.tokenFor(askBinding) },
  }
  parts.pages.send(ctx, 'sign-up', context, Object.keys(typed.errors).length === 0 ? 200 : 422)
}

async function ask(parts: SignUpPageParts, ctx: HttpContext): Promise<void> {
  const { queue } = mailOf(parts)
  const form = await readForm(ctx)
  if (!parts.csrf.accepts(ctx, askBinding, form.get('csrf'))) throw formExpired()
  const [typed, name, password] = [form.get('email') ?? '', nameFrom(form), form.get('password') ?? '']
  const email = normalizeEmail(typed)
  const [weakness] = weaknesses(password, { email: typed, productName: parts.productName })
  const ofEmail = mistakeIn(parts, email)
  if (email === undefined || ofEmail !== undefined || weakness !== undefined) {
    const errors = { ...(ofEmail && { email: ofEmail }), ...(weakness && { password: weakness }) }
    return showAsk(parts, ctx, { email: typed, name, errors })
  }
  await countMailAsk(parts, ctx)
  const passwordHash = await parts.hasher.hash(password)
  const language = parts.languages.chosenFor(ctx)
  await askToSignUp(queue, { email, name: name === '' ? undefined : name, passwordHash, language })
  const attributes = { ...cookieAttributes, maxAge: signUpSeconds * 1_000 }
  ctx.cookies.set(cookieOf(parts.issuer), hashSecret(passwordHash), attributes)
  parts.pages.send(ctx, 'sign-up-sent', { email })
}

async function askedBy(parts: SignUpPageParts, token: string): Promise<AskedSignUp> {
  mailOf(parts)
  const asked = await parts.invitations.findSignUp(token)
  if (asked === undefined || !takesAddress(parts, asked.email)) throw ended()
  return asked
}

const isSameBrowser = ({ issuer }: SignUpPageParts, ctx: HttpContext, { passwordHash }: AskedSignUp): boolean =>
  ctx.cookies.get(cookieOf(issuer), { signed: true }) === hashSecret(passwordHash)

async function showVerify(parts: SignUpPageParts, ctx: HttpContext, token: string, isWrong = false): Promise<void> {
  const asked = await askedBy(parts, token)
  const context = {
    ...{ email: asked.email, asksPassword: !isSameBrowser(parts, ctx, asked), isWrong },
    ...{ action: publicPath(ctx, `/verify/${encodeURIComponent(token)}`) },
    csrfToken: parts.csrf.tokenFor(verifyBinding(token)),
  }
  parts.pages.send(ctx, 'verify', context, isWrong ? 422 : 200)
}

async function verify(parts: SignUpPageParts, ctx: HttpContext, token: string): Promise<void> {
  const { audit, csrf, hasher, invitations, issuer, knownBrowsers, storage } = parts
  const unit = unitOf(ctx)
  if (unit === undefined) throw new Error('the form of a sign-up is no unit of work')
  const form = await readForm(ctx)
  if (!csrf.accepts(ctx, verifyBinding(token), form.get('csrf'))) throw formExpired()
  const asked = await askedBy(parts, token)
  const { email, name, passwordHash } = asked
  const isProven = isSameBrowser(parts, ctx, asked) || (await hasher.verify(passwordHash, form.get('password') ?? ''))
  if (!isProven) return showVerify(parts, ctx, token, true)
  const cookie = sessionCookieOf(ctx, parts)
  const earlier = cookie === undefined ? undefined : await findSignedInSession(storage, cookie)
  const accountId = randomSecret(16)
  unit.decide(decidedBy(invitations.redeeming(token, { id: accountId, name, passwordHash })))
  const signIn = { accountId, ts: epochSeconds(storage.clock), acr: passwordLevel, amr: ['pwd'] }
  const { giveCookie } = await openSession(parts, ctx, unit, [earlier?.payload], signIn)
  const detail = { address: ctx.state.clientAddress, at: 'sign-up' }
  unit.write(
    audit.event({ type: 'account.created', accountId, detail: { by: 'sign-up' } }, ctx.state.event),
    audit.event({ type: 'sign_in.succeeded', accountId, detail }, ctx.state.event),
  )
  if ((await unit.commit()).kind !== 'committed') throw ended()
  Object.assign(ctx.state.event, { outcome: 'created', subjectHash: subjectHash(accountId) })
  ctx.cookies.set(cookieOf(issuer), null, cookieAttributes)
  knownBrowsers.remember(ctx, email, passwordHash)
  giveCookie()
  seeOther(ctx, accountPath)
}

export function createSignUpRouter(parts: SignUpPageParts): Router<HttpState> {
  const router = new Router<HttpState>()
  router.get('/sign-up', async (ctx) => showAsk(parts, ctx))
  router.post('/sign-up', (ctx) => ask(parts, ctx))
  router.get('/verify/:token', (ctx) => showVerify(parts, ctx, ctx.params['token'] ?? ''))
  router.post('/verify/:token', (ctx) => verify(parts, ctx, ctx.params['token'] ?? ''))
  return router
}
