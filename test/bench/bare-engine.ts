/**
 * The yardstick, run as a process of its own: the engine in a plain Koa app, in memory, with our tokens and lifetimes and
 * nothing else of ours. No pages, no password check, no throttle, no audit, no log. Sends its address and fixtures to its parent.
 */

import { exportJWK, generateKeyPair } from 'jose'
import Koa from 'koa'
import compose from 'koa-compose'
import { type Configuration, Provider } from 'oidc-provider'
import { routes } from '../../src/authorization-server/routes.js'
import { listen } from '../../src/http/http.js'
import { freePort } from '../support/free-port.js'
import { confidentialClient, mintCodes, publicClient, redirectUri } from './fixtures.js'
import { createMemoryAdapterFactory } from './memory-adapter.js'

const resource = 'http://localhost:4000/mcp'
const cookieKeys = ['a-cookie-key-of-the-benchmark']

async function configuration(
  adapter: ReturnType<typeof createMemoryAdapterFactory>,
  accessTokenFormat: 'jwt' | 'opaque',
): Promise<Configuration> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return {
    adapter,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: cookieKeys },
    expiresWithSession: async () => false,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => resource,
        useGrantedResource: async () => true,
        getResourceServerInfo: async () => ({
          audience: resource,
          scope: 'notes:read notes:write notes:delete',
          accessTokenTTL: 600,
          accessTokenFormat,
          ...(accessTokenFormat === 'jwt' ? { jwt: { sign: { alg: 'ES256' } } } : {}),
        }),
      },
      revocation: { enabled: true },
    },
    findAccount: async (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'bench' }] },
    // One grant for each authorization, as we have it.
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId)
    },
    rotateRefreshToken: true,
    routes,
    scopes: ['openid', 'offline_access'],
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      ClientCredentials: 600,
      Grant: 400 * 86_400,
      Interaction: 3600,
      RefreshToken: 30 * 86_400,
      Session: 14 * 86_400,
    },
  }
}

/** In place of pages: one form, and one answer that signs in and allows everything. */
function interactions(provider: Provider): Koa.Middleware {
  return async (ctx, next) => {
    const uid = /^\/interaction\/([\w-]+)$/.exec(ctx.path)?.[1]
    if (uid === undefined) return next()
    if (ctx.method === 'GET') {
      await provider.interactionDetails(ctx.req, ctx.res)
      ctx.body = `<form method="post" action="/interaction/${uid}"></form>`
      return
    }
    const { params } = await provider.interactionDetails(ctx.req, ctx.res)
    const accountId = 'account'
    const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) })
    grant.addResourceScope(resource, String(params['scope']))
    const grantId = await grant.save()
    ctx.respond = false
    await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId }, consent: { grantId } })
  }
}

async function start(accessTokenFormat: 'jwt' | 'opaque') {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const adapter = createMemoryAdapterFactory()
  const provider = new Provider(origin, await configuration(adapter, accessTokenFormat))
  const confidential = confidentialClient(resource)
  const { introspects: _ours, ...registered } = confidential
  await adapter('Client').upsert(publicClient.client_id, publicClient)
  await adapter('Client').upsert(confidential.client_id, registered)
  const app = new Koa()
  app.keys = cookieKeys
  app.use(interactions(provider))
  app.use(compose(provider.middleware))
  await listen(app, '127.0.0.1', port)
  const client = { clientId: publicClient.client_id, redirectUri, resource }
  return { origin, provider, client, confidential }
}

const [accessTokenFormat = 'jwt', codeCount = '0'] = process.argv.slice(2)
const { origin, provider, client, confidential } = await start(accessTokenFormat === 'opaque' ? 'opaque' : 'jwt')
process.send?.({
  origin,
  client,
  confidential: { clientId: confidential.client_id, clientSecret: confidential.client_secret },
  codes: await mintCodes(provider, client, 'account', Number(codeCount)),
})
process.once('disconnect', () => process.exit(0))
