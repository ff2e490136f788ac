/** Pages for people who come by themselves: the home page, and how to connect a client to each resource. */
import Router from '@koa/router'
import { connectContext } from '../../connect-page/connect-page.js'
import type { HttpContext, HttpState } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import type { ResourceDeclaration } from '../../oauth/resource.js'
import { authorizationServerMetadataUrls } from '../../oauth/well-known.js'
import type { Pages } from '../../pages/pages.js'
import type { SetupLinks } from '../accounts/setup-link.js'
import type { Resources } from '../resources/resources.js'
import { connectPath } from '../routes.js'
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
 * answers a browser with 401.
 */
export function connectLink(ctx: HttpContext, resources: Resources, { resource }: ResourceDeclaration): string {
  const query = resource === resources.fallback.resource ? '' : `?resource=${encodeURIComponent(resource)}`
  return publicPath(ctx, `${connectPath}${query}`)
}

/** The resource that the query names, in any of its spellings; without one, the only or first one. */
function namedResource(ctx: HttpContext, resources: Resources): ResourceDeclaration {
  const named = new URLSearchParams(ctx.querystring).get('resource')
  const found = named === null ? resources.fallback : resources.find(named)
  if (found === undefined) throw new PageError('not-found', 'invalid_request', 404)
  return found
}

export function createVisitorPages({ issuer, setupLinks, pages, resources }: VisitorPageParts): Router<HttpState> {
  const router = new Router<HttpState>()
  const [metadataUrl = ''] = authorizationServerMetadataUrls(issuer)
  const contexts = new Map(resources.all.map((resource) => [resource.resource, connectContext(resource)]))
  router.get('/', async (ctx) => {
    pages.send(ctx, 'home', {
      resources: resources.all.map((declaration) => ({
        name: declaration.name,
        url: declaration.resource,
        connectUrl: connectLink(ctx, resources, declaration),
      })),
      metadataUrl,
      isAccountMissing: await setupLinks.isAccountMissing(),
    })
  })
  router.get(connectPath, (ctx) => {
    const resource = namedResource(ctx, resources)
    pages.send(ctx, 'connect', contexts.get(resource.resource) ?? connectContext(resource))
  })
  return router
}
