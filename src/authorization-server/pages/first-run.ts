/** The one-time link that creates the first account. */
import Router from '@koa/router'
import type { HttpContext, HttpState } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { publicPath } from '../../http/http.js'
import type { Pages } from '../../pages/pages.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import { minimumPasswordLength, weaknesses } from '../accounts/password-rules.js'
import type { SetupLinks } from '../accounts/setup-link.js'
import type { KnownBrowsers } from '../login/known-browsers.js'
import type { PasswordHasher } from '../login/passwords.js'
import type { Resources } from '../resources/resources.js'
import type { CsrfProtection } from './csrf.js'
import { PageError } from './page-error.js'
import type { SetUpContext, Views } from './views.js'
import { connectLink } from './visitor-pages.js'

export interface FirstRunParts {
  readonly productName: string
  readonly setupLinks: SetupLinks
  readonly knownBrowsers: KnownBrowsers
  readonly hasher: PasswordHasher
  readonly audit: AuditTrail
  readonly csrf: CsrfProtection
  readonly pages: Pages<Views>
  readonly resources: Resources
}

/** The link's token: it is in the query, which is never logged. */
function tokenOf(ctx: HttpContext): string {
  return new URLSearchParams(ctx.querystring).get('token') ?? ''
}

/**
 * The purpose that the form token is bound to. It is explicit, because other forms are bound to values that a stranger can learn.
 */
function formBinding(token: string): string {
  return `set-up ${token}`
}

function unavailable(): PageError {
  return new PageError('set-up-unavailable', 'access_denied', 404)
}

function formErrors(email: string, password: string, productName: string): SetUpContext['errors'] {
  const [weakness] = weaknesses(password, { email, productName })
  return {
    ...(normalizeEmail(email) === undefined ? { email: 'no-address' as const } : {}),
    ...(weakness === undefined ? {} : { password: weakness }),
  }
}

async function createFirstAccount(parts: FirstRunParts, ctx: HttpContext): Promise<void> {
  const form = await readForm(ctx)
  const token = tokenOf(ctx)
  if (!parts.csrf.accepts(ctx, formBinding(token), form.get('csrf')))
    throw new PageError('form-expired', 'access_denied', 403)
  const email = form.get('email') ?? ''
  const password = form.get('password') ?? ''
  const errors = formErrors(email, password, parts.productName)
  if (errors.email !== undefined || errors.password !== undefined) return showForm(parts, ctx, token, email, errors)
  // Asked before the costly hash; `redeem` decides.
  if (!(await parts.setupLinks.isUsable(token))) throw unavailable()
  const passwordHash = await parts.hasher.hash(password)
  const accountId = await parts.setupLinks.redeem(token, { email, passwordHash })
  if (accountId === undefined) throw unavailable()
  await parts.audit.record({ type: 'account.created', accountId, detail: { by: 'set-up link' } }, ctx.state.event)
  // The person who chose the password becomes a known browser: strangers who guess it must not lock them out of the first
  // sign-in.
  parts.knownBrowsers.remember(ctx, email, passwordHash)
  const { resources } = parts
  const [first] = resources.all.filter(({ isPattern }) => !isPattern)
  const shown = resources.fallback?.declared ?? first
  parts.pages.send(ctx, 'set-up-done', {
    email,
    resourceUrl: shown?.url,
    connectUrl: shown && connectLink(ctx, shown),
  })
}

async function showForm(
  parts: FirstRunParts,
  ctx: HttpContext,
  token: string,
  email = '',
  errors: SetUpContext['errors'] = {},
): Promise<void> {
  if (!(await parts.setupLinks.isUsable(token))) throw unavailable()
  const status = Object.keys(errors).length === 0 ? 200 : 422
  const action = publicPath(ctx, `/setup?token=${encodeURIComponent(token)}`)
  const csrfToken = parts.csrf.tokenFor(formBinding(token))
  parts.pages.send(ctx, 'set-up', { email, passwordLength: minimumPasswordLength, errors, action, csrfToken }, status)
}

export function createFirstRunRouter(parts: FirstRunParts): Router<HttpState> {
  const router = new Router<HttpState>()
  router.get('/setup', (ctx) => showForm(parts, ctx, tokenOf(ctx)))
  router.post('/setup', (ctx) => createFirstAccount(parts, ctx))
  return router
}
