/** The guards that are compared: ours in each framework and each way to verify, and the two others that people use with Express. */
import type { Express, RequestHandler } from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { systemClock } from '../../../src/base/clock.js'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { createResourceServer, type ResourceServer, type TokenVerifier } from '../../../src/resource-server/index.js'
import { createIntrospectionVerifier } from '../../../src/resource-server/introspection.js'
import { createRemoteKeySet } from '../../../src/resource-server/key-set.js'
import { createJwtVerifier } from '../../../src/resource-server/verifier.js'

export const guardNames = [
  'none',
  'jwt',
  'jwt-uncached',
  'introspection',
  'introspection-uncached',
  'dpop',
  'mcp-auth',
  'sdk',
] as const
export type GuardName = (typeof guardNames)[number]

export interface Place {
  readonly issuer: string
  readonly resource: string
}

/** As a newcomer sets it up, but for what the name says. */
export function ownGuard(name: GuardName, { issuer, resource }: Place): ResourceServer {
  const fetchFunction = createOperatorFetch({ timeoutMs: 5_000, maxBytes: 100_000 })
  const settings = { resource, authorizationServers: issuer, scopes: ['notes:read'] }
  const rules = { issuer, audience: resource, clock: systemClock }
  const introspection = { clientId: 'resource-server', clientSecret: 'a-secret-for-the-benchmark' }
  const withVerifier = (verify: TokenVerifier) => createResourceServer({ ...settings, verify })
  switch (name) {
    case 'jwt-uncached': {
      const keys = createRemoteKeySet({
        jwksUri: async () => `${issuer}/jwks`,
        fetch: fetchFunction,
        clock: systemClock,
      })
      return withVerifier(createJwtVerifier({ ...rules, keys }))
    }
    case 'introspection':
      return createResourceServer({ ...settings, authorizationServers: { issuer, introspection } })
    case 'introspection-uncached': {
      const endpoint = async () => `${issuer}/introspection`
      return withVerifier(createIntrospectionVerifier({ ...rules, ...introspection, endpoint, fetch: fetchFunction }))
    }
    default:
      return createResourceServer(settings)
  }
}

/** Its types are left aside: they change those of the SDK for the whole program. */
interface McpAuthModule {
  readonly MCPAuth: new (config: object) => { bearerAuth(mode: 'jwt', config: object): RequestHandler }
}

async function mcpAuthGuard({ issuer, resource }: Place): Promise<RequestHandler> {
  const packageName = 'mcp-auth'
  const { MCPAuth } = (await import(packageName)) as McpAuthModule
  const metadata = { resource, authorizationServers: [{ issuer, type: 'oauth' }], scopesSupported: ['notes:read'] }
  return new MCPAuth({ protectedResources: [{ metadata }] }).bearerAuth('jwt', { resource, audience: resource })
}

/** The SDK brings the middleware and leaves the verification to the program: here it is the one of jose's documentation. */
async function sdkGuard({ issuer, resource }: Place): Promise<RequestHandler> {
  const { requireBearerAuth } = await import('@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js')
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const verifyAccessToken = async (token: string) => {
    const { payload } = await jwtVerify(token, keys, { issuer, audience: resource, typ: 'at+jwt' })
    const { client_id: clientId, scope, exp } = payload
    const scopes = String(scope ?? '').split(' ')
    return { token, clientId: String(clientId), scopes, ...(exp !== undefined && { expiresAt: exp }) }
  }
  return requireBearerAuth({ verifier: { verifyAccessToken } })
}

/** Puts a guard before everything that follows. */
export async function guardExpress(app: Express, name: GuardName, place: Place): Promise<void> {
  const { protect } = await import('../../../src/resource-server/express.js')
  if (name === 'none') return
  if (name === 'mcp-auth') app.use(await mcpAuthGuard(place))
  else if (name === 'sdk') app.use(await sdkGuard(place))
  else app.use(protect(ownGuard(name, place)))
}
