/**
 * When the engine must ask the person: its own checks, changed where they would loop or forget. Every authorization has a
 * grant of its own, so that one install's revocation leaves its siblings alive; who is asked for it: interactions/standing-consent.ts. The
 * dispatcher in interactions/router.ts decides which page that is.
 */
import { interactionPolicy } from 'oidc-provider'
import { requestedSubjects } from '../endpoints/requested-claims.js'
import { isStanding } from '../interactions/standing-consent.js'

const { Check, base } = interactionPolicy

/** Checks that ask for scopes and claims again until each was granted or refused. Answered consent is final here: see below. */
const scopeChecks = ['op_scopes_missing', 'op_claims_missing', 'rs_scopes_missing'] as const

/** The prompts and checks of `interactions.policy`. */
export function createInteractionPolicy(): ReturnType<typeof base> {
  const policy = base()
  const login = policy.get('login')
  const consent = policy.get('consent')
  if (login === undefined || consent === undefined) throw new Error('the engine lost its login or consent prompt')

  // A deleted or disabled account with a live session must sign in again; without this the engine answers 500.
  login.checks.add(
    new Check('account_unavailable', 'the account is not available', 'login_required', (ctx) =>
      ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined
        ? Check.REQUEST_PROMPT
        : Check.NO_NEED_TO_PROMPT,
    ),
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
  // asking until it is either would never end. So once consent was answered, missing scopes are simply not granted.
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
          return ctx.oidc.result?.consent === undefined ? missing : Check.NO_NEED_TO_PROMPT
        },
        original.details,
      ),
    )
  }
  return policy
}
