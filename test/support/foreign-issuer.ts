/**
 * Somebody else's authorization server: the engine with its own pages and in-memory store, no registration for strangers, one
 * loopback port only, and an administrator's endpoint for clients, as Hydra has one.
 */
import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import Koa, { type Context } from 'koa'
import Provider, { type Configuration } from 'oidc-provider'
import { createMemoryAdapter } from '../storage/memory-adapter.js'
import type { Browser } from './browser.js'
import { freePort } from './free-port.js'
import { listen } from './opened.js'

export interface ForeignIssuer {
  readonly issuer: string
  readonly adminUrl: string
  readonly adminHeaders: Readonly<Record<string, string>>
  /** Metadata of the clients the administrator made, in order. */
  readonly clients: readonly Record<string, unknown>[]
  /** Takes everything off the network, and puts it back. */
  outage(isDown: boolean): void
  close(): Promise<void>
}

const scopes = ['notes:read', 'notes:write', 'notes:delete']

async function configuration(
  resource: string,
  adapter: ReturnType<typeof createMemoryAdapter>,
): Promise<Configuration> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return {
    adapter,
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_ctx, audience) => ({
          audience,
          scope: scopes.join(' '),
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    findAccount: async (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'one' }] },
    pkce: { required: () => true },
    scopes: ['openid', ...scopes],
  }
}

async function bodyOf(ctx: Context): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

export async function startForeignIssuer(resource: string): Promise<ForeignIssuer> {
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const adapter = createMemoryAdapter()
  const provider = new Provider(issuer, await configuration(resource, adapter))
  const password = randomBytes(16).toString('hex')
  const clients: Record<string, unknown>[] = []
  let isDown = false
  const app = new Koa()
  app.use(async (ctx, next) => {
    if (isDown) ctx.status = 503
    else await next()
  })
  app.use(async (ctx, next) => {
    if (ctx.path !== '/admin/clients') return next()
    if (ctx.get('authorization') !== `Bearer ${password}`) ctx.throw(401)
    const metadata = await bodyOf(ctx)
    const isPublic = metadata['token_endpoint_auth_method'] === 'none'
    const made = {
      ...metadata,
      client_id: randomBytes(8).toString('hex'),
      ...(isPublic ? {} : { client_secret: randomBytes(16).toString('hex'), client_secret_expires_at: 0 }),
    }
    await adapter('Client').upsert(made.client_id, made, 0)
    clients.push(made)
    ctx.status = 201
    ctx.body = {
      ...made,
      registration_access_token: 'of the administrator',
      registration_client_uri: `${issuer}/admin`,
    }
  })
  app.use(async (ctx) => {
    ctx.respond = false
    await provider.callback()(ctx.req, ctx.res)
  })
  const server = await listen(app, '127.0.0.1', port)
  return {
    issuer,
    adminUrl: `${issuer}/admin/clients`,
    adminHeaders: { authorization: `Bearer ${password}` },
    clients,
    outage: (down) => {
      isDown = down
    },
    close: () => server.close(0),
  }
}

/** Through the front's page and the foreign server's own ones, back to the client. */
export async function completeForeignAuthorization(browser: Browser, authorizationUrl: string): Promise<string> {
  const asked = await browser.open(authorizationUrl)
  if ('left' in asked) return asked.left
  // Where the page's script leads after a press that was meant.
  const link = /<a class="go" [^>]*data-upstream="([^"]+)"/.exec(asked.page.html)?.[1]
  if (link === undefined) throw new Error(`the front does not ask: ${asked.page.status} ${asked.page.html}`)
  let arrival = await browser.open(link.replaceAll('&#38;', '&'))
  for (let pages = 0; pages < 4; pages += 1) {
    if ('left' in arrival) return arrival.left
    const { page } = arrival
    if (page.status >= 400) throw new Error(`stopped at ${page.url}: ${page.html}`)
    arrival = page.html.includes('name="login"')
      ? await browser.press(page, 'Sign-in', { login: 'grace', password: 'any' })
      : await browser.press(page, 'Continue')
  }
  throw new Error('the same pages came up again and again')
}
