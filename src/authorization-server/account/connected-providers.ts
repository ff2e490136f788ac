/**
 * The other ways into an account, on `/account/security`: a person connects an identity provider, or unlinks it. Both ask for a new proof
 * of who they are: a link made from a session that was left open would be a key that stays (CVE-2026-105207).
 */
import type { HttpContext } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { isIssuerOf } from '../../oauth/identity-provider.js'
import { createGroupMembers } from '../../storage/accounts/group-members.js'
import type { ProvidersBlock } from '../pages/account-views.js'
import { PageError } from '../pages/page-error.js'
import { leaveNotice } from './account-cookies.js'
import { connectedPath, pathOfSection } from './account-paths.js'
import type { AccountParts } from './parts.js'
import { proofSeconds, type SectionPart, type Visit } from './section.js'

const securityPath = pathOfSection('security')

/** What another factor of the account counts as; the last way to sign in is not unlinked. */
async function hasOtherWay(
  { identityLinks, providerSignIn }: AccountParts,
  { account }: Visit,
  issuer: string,
): Promise<boolean> {
  if (account.passwordHash !== undefined) return true
  const links = await identityLinks.of(account.id)
  return links.some(
    (link) => link.issuer !== issuer && providerSignIn.all().some((each) => isIssuerOf(each, link.issuer)),
  )
}

export function createConnectedProviders(parts: AccountParts): SectionPart {
  const { providerSignIn, identityLinks, audit, storage } = parts
  const members = createGroupMembers(storage)

  const blockOf = async (
    { ctx, account }: Visit,
    error?: ProvidersBlock['error'],
  ): Promise<ProvidersBlock & { readonly block: 'providers' }> => {
    const links = await identityLinks.of(account.id)
    return {
      block: 'providers',
      providers: providerSignIn.all().map((provider) => ({
        id: provider.id,
        name: provider.name,
        isLinked: links.some(({ issuer }) => isIssuerOf(provider, issuer)),
      })),
      connectAction: publicPath(ctx, `${securityPath}/connect`),
      unlinkAction: publicPath(ctx, `${securityPath}/unlink`),
      error,
    }
  }

  return {
    show: async (visit) => (providerSignIn.all().length === 0 ? [] : [await blockOf(visit)]),
    actions: {
      connect: {
        provenWithin: proofSeconds,
        run: async ({ ctx, account, session }, form) => {
          await providerSignIn.begin(ctx, form.get('provider') ?? '', {
            purpose: 'connect',
            goesOnAt: connectedPath,
            isFresh: false,
            account: { id: account.id, sessionUid: session.uid },
          })
          return 'answered'
        },
      },
      unlink: {
        provenWithin: proofSeconds,
        run: async (visit, form) => {
          const { ctx, account } = visit
          const provider = providerSignIn.all().find(({ id }) => id === form.get('provider'))
          const links = await identityLinks.of(account.id)
          const own = provider && links.find(({ issuer }) => isIssuerOf(provider, issuer))
          if (provider === undefined || own === undefined) return {}
          if (!(await hasOtherWay(parts, visit, own.issuer)))
            return { refused: await blockOf(visit, 'last-way'), status: 409 }
          // First, so that a crash in between leaves nobody in a group by the word of a provider that says no more.
          await members.setByProvider(provider.id, account.id, [])
          await identityLinks.unlink(own, account.id)
          const detail = { provider: provider.id, issuer: own.issuer }
          await audit.record({ type: 'account.unlinked', accountId: account.id, detail }, ctx.state.event)
          return { notice: 'unlinked' }
        },
      },
    },
  }
}

/** The browser is back from the provider: the same account, in the session in which it was proven. */
export async function finishConnecting(parts: AccountParts, ctx: HttpContext, visit: Visit | undefined): Promise<void> {
  const arrival = await parts.providerSignIn.arrive(ctx, 'connect')
  const { account } = arrival ?? {}
  const isSame = visit !== undefined && account?.id === visit.account.id && account.sessionUid === visit.session.uid
  if (arrival === undefined || !isSame) return seeOther(ctx, securityPath)
  const { provider, identity } = arrival
  const found = await parts.providerAccounts.accountFor(provider, identity, ctx.state.event, visit.account.id)
  if ('page' in found) throw new PageError(`provider-${found.page}`, 'access_denied', 403, { again: securityPath })
  leaveNotice(ctx, parts.issuer, 'connected')
  seeOther(ctx, securityPath)
}
