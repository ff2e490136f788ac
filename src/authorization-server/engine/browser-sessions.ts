/** Replaces how the engine goes on with a browser: the interaction that it resumes, and a session that gets a new cookie. */
import { signedInAccount } from '../interactions/signed-in-browser.js'
import { currentContext } from './engine-context.js'
import type { EngineInteraction } from './engine-types.js'

type Find = (uid: string) => Promise<EngineInteraction | undefined>

/** The engine, too, finds an interaction that somebody signed in to for their browser alone: what it resumes becomes a session. */
export function resumeForSignedInBrowser({ Interaction }: { readonly Interaction: object }): void {
  const find = Reflect.get(Interaction, 'find') as Find
  const findForBrowser: Find = async (uid) => {
    const found = await find.call(Interaction, uid)
    const ctx = currentContext()
    if (found?.result?.login === undefined || ctx === undefined) return found
    return signedInAccount(ctx, found.result) === undefined ? undefined : found
  }
  Object.assign(Interaction, { find: findForBrowser })
}

/**
 * A session that gets a new cookie value is saved in its row, where it replaces the old value. The engine would destroy it first,
 * which is what ends a session for good (storage/accounts/sessions.ts).
 */
export function renewSessionsInPlace({
  Session,
}: {
  readonly Session: { readonly prototype: { resetIdentifier(): void } }
}): void {
  const { prototype } = Session
  const { resetIdentifier } = prototype
  prototype.resetIdentifier = function renew() {
    resetIdentifier.call(this)
    Object.assign(this, { oldId: undefined })
  }
}
