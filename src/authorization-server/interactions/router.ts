/**
 * The pages between the authorization request and its answer. The dispatcher decides, steps report: every step ends by coming
 * back to `GET /interaction/:uid`, which alone knows what is shown next. Sign-in and consent are one interaction, answered to
 * the engine in one go. Does not own sessions, codes or tokens: the engine does.
 */
import Router from '@koa/router'
import type { HttpContext, HttpState } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { seeOther } from '../../http/http.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import { interactionOf } from '../../storage/grants/interaction-reader.js'
import { sessionCookieOf } from '../login/browser-session.js'
import { PageError } from '../pages/page-error.js'
import { unitOf } from '../units-of-work.js'
import { isBarred, showBarred } from './barred.js'
import { cancelInteraction, refuseOtherPerson, showConsent, submitConsent } from './consent.js'
import { continueSignedIn } from './continue-signed-in.js'
import { answerStanding } from './grant-access.js'
import { type Interaction, loadInteraction } from './interaction.js'
import { accessOf } from './interaction-access.js'
import type { InteractionParts } from './parts.js'
import { showPasskeySignIn } from './passkey-sign-in.js'
import { beginProviderSignIn, finishProviderSignIn } from './provider-steps.js'
import { isRequestedPerson } from './requested-person.js'
import { showCode, showRecoveryCode, submitCode } from './second-factor.js'
import { showSignIn, submitSignIn, switchAccount } from './sign-in.js'
import { missingLevel, showStronger } from './stronger-sign-in.js'

type Step = (ctx: HttpContext, interaction: Interaction, form: URLSearchParams) => Promise<void>

/** The account a consent decision is for; without one the person has to sign in first. */
function signedIn(interaction: Interaction): string {
  if (interaction.accountId === undefined) throw new PageError('interaction-expired', 'invalid_request', 400)
  return interaction.accountId
}

/** Steps whose form may name an account by its address. */
const namesAccount: ReadonlySet<string> = new Set(['sign-in', 'recovery-code'])

const signInPages = { passkey: showPasskeySignIn, 'recovery-code': showRecoveryCode }

/** Routes under `/interaction/:uid`; the interaction's cookies are bound to that path. */
export function createInteractionRouter(parts: InteractionParts): Router<HttpState> {
  const load = (ctx: HttpContext, uid: string | undefined, email?: string | null) => {
    const unit = unitOf(ctx)
    const known = interactionOf(unit)
    if (unit === undefined || known === undefined) throw new Error('the request of an interaction is no unit of work')
    const typed = typeof email === 'string' ? normalizeEmail(email) : undefined
    known.alsoFind({ email: typed, sessionCookie: sessionCookieOf(ctx, parts) })
    return loadInteraction(parts.engine, ctx, uid, unit, known)
  }

  const steps: Readonly<Record<string, Step>> = {
    'sign-in': (ctx, interaction, form) => submitSignIn(parts, ctx, interaction, form),
    provider: (ctx, interaction, form) => beginProviderSignIn(parts, ctx, interaction, form),
    code: (ctx, interaction, form) => submitCode(parts, ctx, interaction, 'code', form),
    'recovery-code': (ctx, interaction, form) => submitCode(parts, ctx, interaction, 'recovery-code', form),
    consent: (ctx, interaction, form) => submitConsent(parts, ctx, interaction, signedIn(interaction), form),
    'switch-account': (ctx, interaction) => switchAccount(parts, ctx, interaction),
    cancel: (ctx, interaction) => cancelInteraction(parts, ctx, interaction),
  }

  const router = new Router<HttpState>()
  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await load(ctx, ctx.params['uid'])
    const { accountId } = interaction
    const access = accessOf(parts, interaction)
    // Before sign-in: nobody need sign in to learn that nothing can be allowed.
    if (isBarred(access)) showBarred(parts, ctx, interaction, access)
    else if (accountId === undefined) {
      if (showCode(parts, ctx, interaction) || continueSignedIn(ctx, interaction)) return
      showSignIn(parts, ctx, interaction)
    } else if (showStronger(parts, ctx, interaction)) return
    else if (!isRequestedPerson(interaction.parameter, accountId)) await refuseOtherPerson(parts, ctx, interaction)
    else if (!(await answerStanding(parts, ctx, interaction, accountId)))
      await showConsent(parts, ctx, interaction, accountId)
  })
  router.post('/interaction/:uid/:step', async (ctx, next) => {
    const step = Object.hasOwn(steps, ctx.params['step'] ?? '') ? steps[ctx.params['step'] ?? ''] : undefined
    if (step === undefined) return next()
    const form = await readForm(ctx)
    const email = namesAccount.has(ctx.params['step'] ?? '') ? form.get('email') : undefined
    const interaction = await load(ctx, ctx.params['uid'], email)
    if (!parts.csrf.accepts(ctx, interaction.engine.uid, form.get('csrf'))) {
      throw new PageError('form-expired', 'access_denied', 403, { detail: 'CSRF check failed' })
    }
    await step(ctx, interaction, form)
  })
  // From the provider's answer (identity-providers/router.ts): a redirect, which cannot post.
  router.get('/interaction/:uid/provider', async (ctx) => {
    await finishProviderSignIn(parts, ctx, await load(ctx, ctx.params['uid']))
  })
  // What the sign-in page links to. Nobody is signed in there yet.
  for (const [name, showPage] of Object.entries(signInPages)) {
    router.get(`/interaction/:uid/${name}`, async (ctx) => {
      const interaction = await load(ctx, ctx.params['uid'])
      if (interaction.accountId !== undefined && missingLevel(parts, interaction) === undefined)
        return seeOther(ctx, `/interaction/${interaction.engine.uid}`)
      showPage(parts, ctx, interaction)
    })
  }
  // A reload or a bookmark of a step's address leads back to the dispatcher.
  router.get('/interaction/:uid/:step', async (ctx) => {
    seeOther(ctx, `/interaction/${encodeURIComponent(ctx.params['uid'] ?? '')}`)
  })
  return router
}
