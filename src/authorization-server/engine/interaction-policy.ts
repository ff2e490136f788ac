/**
 * When the engine must ask the person: its own checks, changed where they would loop or forget. Every authorization has a
 * grant of its own, so that one install's revocation leaves its siblings alive; who is asked for it: interactions/standing-consent.ts. The
 * dispatcher in interactions/router.ts decides which page that is.
 */
import { interactionPolicy } from 'oidc-provider'
import { reaches } from '../../oauth/sign-in-levels.js'
import { requestedSubjects } from '../endpoints/requested-claims.js'
import { askingParameters } from '../interactions/requested-access.js'
import { isAcquainted, isStanding } from '../interactions/standing-consent.js'
import { demandedLevel, type LevelRules } from '../resources/demanded-level.js'
import { isSignInTooOld } from '../resources/sign-in-age.js'

const { Check, base } = interactionPolicy

/** Checks that ask for scopes and claims again until each was granted or refused. Answered consent is final here: see below. */
const scopeChecks = ['op_scopes_missing', 'op_claims_missing', 'rs_scopes_missing'] as const

/** The prompts and checks of `interactions.policy`. */
export function createInteractionPolicy(rules: LevelRules): ReturnType<typeof base> {
  const { resources } = rules
  const policy = base()
  const login = policy.get('login')
  const consent = policy.get('consent')
  if (login === undefined || consent === undefined) throw new Error('the engine lost its login or consent prompt')

  // `prompt=none` would tell any site that registers itself whether its visitor is signed in here: `consent_required` if so. Such a client
  // never gets anything else, so its answer is one: that of nobody signed in, with the words of the engine's own check, ahead of all others.
  const nobody = login.checks.get('no_session')
  if (nobody === undefined) throw new Error('the engine lost its check no_session')
  login.checks.add(
    new Check('stranger_asks_silently', nobody.description, 'login_required', ({ oidc }) => {
      const mayTell = oidc.client?.['made_by_operator'] === true || isAcquainted(oidc)
      return oidc.prompts.has('none') && !mayTell ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
    }),
    0,
  )

  // A deleted or disabled account with a live session must sign in again; without this the engine answers 500.
  login.checks.add(
    new Check('account_unavailable', 'the account is not available', 'login_required', (ctx) =>
      ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined
        ? Check.REQUEST_PROMPT
        : Check.NO_NEED_TO_PROMPT,
    ),
  )

  // As the engine checks `max_age`. Like there, a sign-in within this request is young enough.
  login.checks.add(
    new Check('resource_max_auth_age', 'the sign-in is too old for the resource', 'login_required', ({ oidc }) => {
      const { session, result, params } = oidc
      if (session?.accountId === undefined || result?.login !== undefined) return Check.NO_NEED_TO_PROMPT
      const named = askingParameters(params).values('resource')
      return isSignInTooOld(session, named, resources) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
    }),
  )

  // A sign-in within this request is judged as well: the dispatcher lets no weaker one pass, and nothing else may.
  login.checks.add(
    new Check('demanded_acr', 'the sign-in is not strong enough', 'login_required', ({ oidc }) => {
      const { session, params } = oidc
      if (session?.accountId === undefined) return Check.NO_NEED_TO_PROMPT
      const demanded = demandedLevel(rules, askingParameters(params))
      const isEnough = demanded === undefined || reaches(session.acr, demanded)
      return isEnough ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
    }),
  )

  // The engine knows a `sub` of one value only. After a sign-in as somebody else the dispatcher answers `login_required`. Without a page
  // (`prompt=none`) the answer is the same whether or not it is the person, and however long ago they signed in, unless they allowed the
  // client this before: anybody who registers could otherwise ask a visitor's browser who that is.
  const subject = login.checks.get('claims_id_token_sub_value')
  if (subject === undefined) throw new Error('the engine lost its check claims_id_token_sub_value')
  login.checks.remove(subject.reason)
  login.checks.add(
    new Check(subject.reason, subject.description, 'login_required', ({ oidc }) => {
      const claims = oidc.params?.['claims']
      const wanted = requestedSubjects(typeof claims === 'string' ? claims : undefined)
      const asksAboutPerson = wanted !== undefined || oidc.params?.['max_age'] !== undefined
      const mayTell = isStanding(oidc) || !oidc.prompts.has('none')
      if (asksAboutPerson && !mayTell) return Check.REQUEST_PROMPT
      return wanted?.includes(oidc.session?.accountId) === false ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
    }),
  )

  // RFC 8252 §8.6 is about clients that anybody can claim to be; a consent stands for proven ones only (interactions/standing-consent.ts).
  const native = consent.checks.get('native_client_prompt')
  if (native === undefined) throw new Error('the engine lost its check native_client_prompt')
  consent.checks.remove(native.reason)
  consent.checks.add(
    new Check(native.reason, native.description, native.error ?? 'interaction_required', (ctx) =>
      isStanding(ctx.oidc) ? Check.NO_NEED_TO_PROMPT : native.check(ctx),
    ),
  )

  // A scope the person left unticked is neither granted nor rejected: rejecting would hide it from every later request, and
  // asking until it is either would never end. So once consent was answered, missing scopes are simply not granted. The same is true of those
  // that a standing consent leaves out because nobody could allow them.
  for (const reason of scopeChecks) {
    const original = consent.checks.get(reason)
    if (original === undefined) throw new Error(`the engine lost its check ${reason}`)
    consent.checks.remove(reason)
    consent.checks.add(
      new Check(
        reason,
        original.description,
        original.error ?? 'consent_required',
        async (ctx) => {
          const missing = await original.check(ctx)
          const isAnswered = ctx.oidc.result?.consent !== undefined || isStanding(ctx.oidc)
          return isAnswered ? Check.NO_NEED_TO_PROMPT : missing
        },
        original.details,
      ),
    )
  }
  return policy
}
