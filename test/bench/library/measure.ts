/** What the library's guard costs in each framework, beside the guards others offer: the same answer, in turns, in one process. */
import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { z } from 'zod'
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.js'
import { connectTo, expectStatus } from '../connection.js'
import { compare } from '../measure.js'
import { type LibraryRow, ratioOf } from '../result.js'
import { startScript } from '../targets.js'
import type { GuardName } from './guards.js'

export const libraryName = 'library'

const resource = 'http://localhost:4000/mcp'

const guardsByFramework: Readonly<Record<string, readonly GuardName[]>> = {
  node: ['none', 'jwt', 'jwt-uncached', 'introspection', 'introspection-uncached', 'dpop'],
  express: ['none', 'jwt', 'jwt-uncached', 'introspection', 'introspection-uncached', 'dpop', 'mcp-auth', 'sdk'],
  koa: ['none', 'jwt', 'jwt-uncached', 'introspection', 'introspection-uncached', 'dpop'],
  fastify: ['none', 'jwt', 'jwt-uncached', 'introspection', 'introspection-uncached', 'dpop'],
  hono: ['none', 'jwt', 'jwt-uncached', 'introspection', 'introspection-uncached', 'dpop'],
}

type Authenticate = () => Promise<Record<string, string>>

/** RFC 9449 §4.2: each request carries a proof of its own, which the load generator has to make, too. */
async function dpopHeaders(issuer: TokenIssuer): Promise<Authenticate> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const token = await issuer.sign({ cnf: { jkt: await calculateJwkThumbprint(jwk) } })
  const ath = createHash('sha256').update(token).digest('base64url')
  return async () => {
    const proof = await new SignJWT({ htm: 'POST', htu: resource, ath, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey)
    return { authorization: `DPoP ${token}`, dpop: proof }
  }
}

async function authenticators(issuer: TokenIssuer): Promise<(guard: GuardName) => Authenticate> {
  const bearer = { authorization: `Bearer ${await issuer.sign()}` }
  const opaque = { authorization: `Bearer ${'opaque-token-'.padEnd(43, 'x')}` }
  const bound = await dpopHeaders(issuer)
  return (guard) => {
    if (guard === 'dpop') return bound
    return guard.startsWith('introspection') ? async () => opaque : async () => bearer
  }
}

/** What every guard needs to find: some look at more of the metadata than others. */
function serveIssuer(issuer: TokenIssuer): void {
  const origin = issuer.issuer
  issuer.routes.set('/.well-known/oauth-authorization-server', {
    body: {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/jwks`,
      introspection_endpoint: `${origin}/introspection`,
      registration_endpoint: `${origin}/register`,
      scopes_supported: ['notes:read'],
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
    },
  })
  const exp = Math.floor(Date.now() / 1000) + 3_600
  const facts = { iss: issuer.issuer, aud: resource, sub: 'user-1', client_id: 'client-1', scope: 'notes:read', exp }
  issuer.routes.set('/introspection', { body: { active: true, ...facts } })
}

export async function measureLibrary(): Promise<LibraryRow[]> {
  const issuer = await startTokenIssuer(resource)
  serveIssuer(issuer)
  const headersFor = await authenticators(issuer)
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'whoami', arguments: {} },
  })
  const rows: LibraryRow[] = []
  for (const [framework, guards] of Object.entries(guardsByFramework)) {
    const script = await startScript('library/server.ts', [framework, issuer.issuer, resource, guards.join(',')])
    const { origins } = z.object({ origins: z.record(z.string(), z.string()) }).parse(script.message)
    const connections = guards.map((guard) => Array.from({ length: 8 }, () => connectTo(origins[guard] ?? '')))
    const candidates = guards.map((guard, index) => {
      const authenticate = headersFor(guard)
      const workers = (connections[index] ?? []).map((connection) => async () => {
        const headers = {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          // Servers answer for their public address, which proofs are made for.
          host: new URL(resource).host,
          ...(await authenticate()),
        }
        expectStatus(await connection.ask({ method: 'POST', path: '/mcp', headers, body }), 200)
        return true
      })
      return [
        guard,
        { workers, pid: script.pid, databaseCpuMs: () => undefined, statements: async () => undefined },
      ] as const
    })
    const measured = await compare(new Map(candidates), { seconds: 0.3, warmUpSeconds: 0.8, runs: 5 })
    const none = measured.get('none')
    for (const [guard, measurement] of measured) {
      if (none === undefined) throw new Error('the unguarded server was not measured')
      rows.push({ framework, guard, measurement, ratio: ratioOf(measurement, none) })
    }
    await Promise.all(connections.flat().map((connection) => connection.close()))
    await script.stop()
  }
  await issuer.close()
  return rows
}
