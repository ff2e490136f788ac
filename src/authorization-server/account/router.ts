/**
 * The account area: pages for people, without any client. Every page and form goes through here: who is signed in, how fresh their proof
 * must be, and whether a form is ours. Sections (sections.ts) say what a page shows and what a form does.
 */
import Router from '@koa/router'
import type { HttpContext, HttpState } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { publicPath, seeOther } from '../../http/http.js'
import { accountUnit } from '../../storage/accounts/account-sign-in.js'
import { endSession } from '../../storage/accounts/sessions.js'
import type { Storage } from '../../storage/storage.js'
import { engineCookies } from '../engine/engine-cookies.js'
import type { AccountBlock } from '../pages/account-views.js'
import { PageError } from '../pages/page-error.js'
import { accountPath, routes } from '../routes.js'
import { type UnitKind, unitOf } from '../units-of-work.js'
import { leaveNotice, takeNotice } from './account-cookies.js'
import { connectedPath, pathOfSection, providerSignInPath, signInPath, signInThen, wayBack } from './account-paths.js'
import { showAccountCode, submitAccountCode } from './code-sign-in.js'
import { finishConnecting } from './connected-providers.js'
import type { AccountParts } from './parts.js'
import { beginAccountSignIn, finishAccountSignIn } from './provider-sign-in.js'
import { forgetAccountCode } from './second-factor.js'
import type { AccountSection, Visit } from './section.js'
import { createSections } from './sections.js'
import {
  type AccountSignIn,
  demandSignInForm,
  showAccountPasskey,
  showAccountSignIn,
  submitAccountSignIn,
  wayBackOf,
} from './sign-in.js'
import { findVisitor, formBinding, isProvenWithin } from './visit.js'

/** The area's own, and those by which people come (pages/newcomer-pages.ts). */
const formPaths = [`${accountPath}/`, '/invite/', '/verify/']

/** What a form writes in one commit. */
export function accountRequests(storage: Storage): UnitKind {
  return {
    open: ({ path, method }) =>
      (method === 'POST' && formPaths.some((start) => path.startsWith(start))) || path === providerSignInPath
        ? accountUnit(storage)
        : undefined,
    close: async (_ctx, unit) => void (await unit.commit()),
  }
}

async function blocksOf({ parts }: AccountSection, visit: Visit): Promise<readonly AccountBlock[]> {
  const blocks: AccountBlock[] = []
  for (const part of parts) blocks.push(...((await part.show?.(visit)) ?? []))
  return blocks
}

/** A member that the section's parts name, and not one of every object. */
function named<Kind extends 'pages' | 'actions'>({ parts }: AccountSection, kind: Kind, name: string) {
  const of = parts.map((part) => part[kind]).find((members) => members !== undefined && Object.hasOwn(members, name))
  return of?.[name] as NonNullable<NonNullable<AccountSection['parts'][number][Kind]>[string]> | undefined
}

export function createAccountRouter(parts: AccountParts): Router<HttpState> {
  const { csrf, pages, issuer, storage, audit } = parts
  const sections = createSections(parts)

  const sectionOf = (name: string) => sections.find((section) => section.name === name)

  const send = (visit: Visit, section: AccountSection, blocks: readonly AccountBlock[], status = 200) => {
    const { ctx, account, csrfToken } = visit
    pages.send(
      ctx,
      'account',
      {
        section: section.name,
        sections: sections.map(({ name }) => ({ name, href: publicPath(ctx, pathOfSection(name)) })),
        email: account.email,
        notice: takeNotice(ctx, issuer),
        blocks,
        signOutAction: publicPath(ctx, `${accountPath}/sign-out`),
        csrfToken,
      },
      status,
    )
  }

  /** Sends the person to prove who they are, and back to `path`. True: the answer is written. */
  const asksForProof = (visit: Visit, path: string, provenWithin: number | undefined): boolean => {
    if (provenWithin === undefined || isProvenWithin(parts, visit, provenWithin)) return false
    seeOther(visit.ctx, signInThen(path))
    return true
  }

  const show = async (ctx: HttpContext, name: string, below?: string): Promise<boolean> => {
    const section = sectionOf(name)
    if (section === undefined) return false
    const page = below === undefined ? undefined : named(section, 'pages', below)
    if (below !== undefined && page === undefined) return false
    const path = `${pathOfSection(name)}${below === undefined ? '' : `/${below}`}`
    const { visit } = await findVisitor(parts, ctx)
    if (visit === undefined) showAccountSignIn(parts, ctx, path, undefined)
    else if (!asksForProof(visit, path, page?.provenWithin))
      send(visit, section, page === undefined ? await blocksOf(section, visit) : await page.show(visit))
    return true
  }

  const demandOwnForm = (ctx: HttpContext, { session }: Visit, form: URLSearchParams) => {
    if (!csrf.accepts(ctx, formBinding(session.uid), form.get('csrf')))
      throw new PageError('form-expired', 'access_denied', 403, { detail: 'CSRF check failed' })
  }

  const act = async (ctx: HttpContext, name: string, step: string): Promise<boolean> => {
    const section = sectionOf(name)
    const action = section && named(section, 'actions', step)
    if (section === undefined || action === undefined) return false
    const form = await readForm(ctx)
    const { visit } = await findVisitor(parts, ctx)
    // A session that ended: the page asks for a sign-in.
    if (visit === undefined) {
      seeOther(ctx, pathOfSection(name))
      return true
    }
    demandOwnForm(ctx, visit, form)
    if (asksForProof(visit, pathOfSection(name), action.provenWithin)) return true
    const outcome = await action.run(visit, form)
    if (outcome === 'answered') return true
    if ('refused' in outcome) {
      const { refused, status } = outcome
      const blocks = await blocksOf(section, visit)
      send(
        visit,
        section,
        blocks.map((block) => (block.block === refused.block ? refused : block)),
        status,
      )
      return true
    }
    if (outcome.notice !== undefined) leaveNotice(ctx, issuer, outcome.notice)
    seeOther(ctx, outcome.goTo ?? pathOfSection(name))
    return true
  }

  const signOut = async (ctx: HttpContext) => {
    const form = await readForm(ctx)
    const { visit } = await findVisitor(parts, ctx)
    if (visit !== undefined) {
      demandOwnForm(ctx, visit, form)
      await endSession(storage, visit.session.uid)
      await audit.record({ type: 'signed_out', accountId: visit.account.id }, ctx.state.event)
      const { names, long } = engineCookies(issuer)
      ctx.cookies.set(names.session, null, long)
    }
    seeOther(ctx, `${routes.end_session}/success`)
  }

  const router = new Router<HttpState>()
  router.get(accountPath, async (ctx, next) => {
    if (!(await show(ctx, 'overview'))) return next()
  })
  router.get(signInPath, async (ctx) => {
    const { visit } = await findVisitor(parts, ctx)
    showAccountSignIn(parts, ctx, wayBack(new URLSearchParams(ctx.querystring).get('to')), visit)
  })
  const signInForm = async (ctx: HttpContext): Promise<AccountSignIn> => {
    const form = await readForm(ctx)
    const unit = unitOf(ctx)
    if (unit === undefined) throw new Error('a form of the account area is no unit of work')
    const { session: earlier, visit } = await findVisitor(parts, ctx)
    return { ctx, unit, form, earlier, visit }
  }
  router.post(signInPath, async (ctx) => submitAccountSignIn(parts, await signInForm(ctx)))
  router.get(`${signInPath}/passkey`, (ctx) => showAccountPasskey(parts, ctx, wayBackOf(ctx)))
  for (const kind of ['code', 'recovery-code'] as const) {
    router.get(`${signInPath}/${kind}`, (ctx) => showAccountCode(parts, ctx, kind))
    router.post(`${signInPath}/${kind}`, async (ctx) => submitAccountCode(parts, await signInForm(ctx), kind))
  }
  router.post(`${signInPath}/start-over`, async (ctx) => {
    demandSignInForm(parts, ctx, await readForm(ctx))
    forgetAccountCode(parts, ctx)
    seeOther(ctx, signInThen(wayBackOf(ctx)))
  })
  router.post(providerSignInPath, async (ctx) => {
    const form = await readForm(ctx)
    demandSignInForm(parts, ctx, form)
    const { visit } = await findVisitor(parts, ctx)
    await beginAccountSignIn(parts, ctx, form, visit)
  })
  router.get(providerSignInPath, async (ctx) => {
    const unit = unitOf(ctx)
    if (unit === undefined) throw new Error('a sign-in to the account area is no unit of work')
    await finishAccountSignIn(parts, ctx, unit, (await findVisitor(parts, ctx)).session)
  })
  router.get(connectedPath, async (ctx) => finishConnecting(parts, ctx, (await findVisitor(parts, ctx)).visit))
  router.post(`${accountPath}/sign-out`, signOut)
  router.get(`${accountPath}/:section`, async (ctx, next) => {
    if (ctx.params['section'] === 'overview' || !(await show(ctx, ctx.params['section'] ?? ''))) return next()
  })
  router.get(`${accountPath}/:section/:step`, async (ctx, next) => {
    const [name, step] = [ctx.params['section'] ?? '', ctx.params['step'] ?? '']
    if (await show(ctx, name, step)) return
    const section = sectionOf(name)
    // A reload or a bookmark of a form's address leads to its section.
    if (section === undefined || named(section, 'actions', step) === undefined) return next()
    seeOther(ctx, pathOfSection(name))
  })
  router.post(`${accountPath}/:section/:step`, async (ctx, next) => {
    if (!(await act(ctx, ctx.params['section'] ?? '', ctx.params['step'] ?? ''))) return next()
  })
  return router
}
