/** Pages for people who come by themselves: the home page, and how to connect a client to each resource. */
import Router from '@koa/router'
import { connectContext } from '../../connect-page/connect-page.js'
import type { HttpContext, HttpState } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import type { DeclaredResource } from '../../oauth/declared-resource.js'
import type { ResourceDeclaration } from '../../oauth/resource.js'
import { authorizationServerMetadataUrls } from '../../oauth/well-known.js'
import type { Pages } from '../../pages/pages.js'
import type { SetupLinks } from '../accounts/setup-link.js'
import type { Resources } from '../resources/resources.js'
import { accountPath, connectPath } from '../routes.js'
import { PageError } from './page-error.js'
import type { Views } from './views.js'

export interface VisitorPageParts {
  readonly issuer: string
  readonly setupLinks: Pick<SetupLinks, 'isAccountMissing'>
  readonly pages: Pages<Views>
  readonly resources: Resources
}

/**
 * Link to a resource's connect page on this server. It is never a page of the resource itself: an operator's own MCP server
 * answers a browser with 401. `undefined` for a family, which has no URL that a client could be given.
 */
export function connectLink(
  ctx: HttpContext,
  { id, isPattern }: Pick<DeclaredResource, 'id' | 'isPattern'>,
): string | undefined {
  return isPattern ? undefined : publicPath(ctx, `${connectPath}/${encodeURIComponent(id)}`)
}

/**
 * The resource that the query names, in any of its spellings; a family's member is named so. Without one, the one with the id; without
 * an id the default one, or the first.
 */
function askedResource(ctx: HttpContext, id: string | undefined, resources: Resources): ResourceDeclaration {
  const named = new URLSearchParams(ctx.querystring).get('resource')
  const declared = resources.all.find((each) => (id === undefined ? !each.isPattern : each.id === id))
  const url = id === undefined ? (resources.fallback?.resource ?? declared?.url) : declared?.url
  const found = resources.find(named ?? url ?? '')
  const isOther = id !== undefined && found?.declared !== declared
  if (found === undefined || isOther) throw new PageError('not-found', 'invalid_request', 404)
  return found
}

export function createVisitorPages({ issuer, setupLinks, pages, resources }: VisitorPageParts): Router<HttpState> {
  const router = new Router<HttpState>()
  const [metadataUrl = ''] = authorizationServerMetadataUrls(issuer)
  router.get('/', async (ctx) => {
    const isAccountMissing = await setupLinks.isAccountMissing()
    pages.send(ctx, 'home', {
      resources: resources.all.map((declaration) => ({
        name: declaration.name,
        url: declaration.url,
        connectUrl: connectLink(ctx, declaration),
      })),
      metadataUrl,
      isAccountMissing,
      accountUrl: isAccountMissing ? undefined : publicPath(ctx, accountPath),
    })
  })
  for (const path of [connectPath, `${connectPath}/:id`]) {
    router.get(path, (ctx) => {
      pages.send(ctx, 'connect', connectContext(askedResource(ctx, ctx.params['id'], resources)))
    })
  }
  return router
}
