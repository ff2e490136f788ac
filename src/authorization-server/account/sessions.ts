/** `/account/sessions`: the browsers in which a person is signed in, and what happened to the account lately. */
import { hashSecret } from '../../base/secrets.js'
import { publicPath, seeOther } from '../../http/http.js'
import { listSessions, ownsSession, signOutEverywhere } from '../../storage/accounts/session-list.js'
import { endSession } from '../../storage/accounts/sessions.js'
import { listAuditEvents } from '../../storage/audit/audit-events.js'
import { engineCookies } from '../engine/engine-cookies.js'
import type { AccountBlock } from '../pages/account-views.js'
import { routes } from '../routes.js'
import { pathOfSection } from './account-paths.js'
import type { AccountParts } from './parts.js'
import type { ActionOutcome, SectionPart, Visit } from './section.js'

const mostEvents = 30

async function blocks(
  { storage }: AccountParts,
  { ctx, account, session, csrfToken }: Visit,
): Promise<readonly AccountBlock[]> {
  const sessions = await listSessions(storage, account.id)
  const events = await listAuditEvents(storage, { accountId: account.id, limit: mostEvents })
  const path = publicPath(ctx, pathOfSection('sessions'))
  return [
    {
      block: 'sessions',
      sessions: sessions.map(({ uid, since, seenAt, device, network }) => ({
        // The lasting name of a session is the server's alone.
        id: hashSecret(uid),
        isThis: uid === session.uid,
        since: since?.toISOString(),
        seenAt: seenAt?.toISOString(),
        device,
        network,
      })),
      endAction: `${path}/end`,
      everywhereAction: `${path}/everywhere`,
      csrfToken,
    },
    {
      block: 'history',
      events: events.map(({ at, type, clientId }) => ({ at: at.toISOString(), type, clientId })).reverse(),
    },
  ]
}

export function createSessions(parts: AccountParts): SectionPart {
  const { storage, issuer, audit } = parts

  const signedOut = ({ ctx }: Visit): ActionOutcome => {
    const { names, long } = engineCookies(issuer)
    ctx.cookies.set(names.session, null, long)
    seeOther(ctx, `${routes.end_session}/success`)
    return 'answered'
  }

  const end = async (visit: Visit, form: URLSearchParams): Promise<ActionOutcome> => {
    const { account, session, ctx } = visit
    const sessions = await listSessions(storage, account.id)
    const found = sessions.find(({ uid }) => hashSecret(uid) === form.get('id'))
    if (found === undefined || !(await ownsSession(storage, account.id, found.uid))) return { notice: 'session-gone' }
    await endSession(storage, found.uid)
    await audit.record({ type: 'signed_out', accountId: account.id }, ctx.state.event)
    return found.uid === session.uid ? signedOut(visit) : { notice: 'signed-out' }
  }

  const everywhere = async (visit: Visit, form: URLSearchParams): Promise<ActionOutcome> => {
    const { account, ctx } = visit
    const programsToo = form.get('programs') === 'too'
    await signOutEverywhere(storage, account.id, programsToo)
    const detail = { everywhere: true, programs: programsToo }
    await audit.record({ type: 'signed_out', accountId: account.id, detail }, ctx.state.event)
    return signedOut(visit)
  }

  return { show: (visit) => blocks(parts, visit), actions: { end: { run: end }, everywhere: { run: everywhere } } }
}
