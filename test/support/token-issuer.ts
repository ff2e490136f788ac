/** A stand-in issuer on loopback: real keys, real signatures, a real JWKS endpoint, and metadata that tests can bend. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { listenOn } from './opened.js'

export interface SigningKey {
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

export async function createSigningKey(kid: string, algorithm = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } }
}

export interface Answer {
  readonly status?: number
  readonly body: unknown
}

/** Answers each path with what `routes` holds at that moment; counts the requests per path. */
export interface LoopbackServer {
  readonly origin: string
  readonly routes: Map<string, Answer | ((body: string, authorization: string | undefined) => Answer)>
  readonly hits: Map<string, number>
  close(): Promise<void>
}

export async function startLoopbackServer(): Promise<LoopbackServer> {
  const routes: LoopbackServer['routes'] = new Map()
  const hits = new Map<string, number>()
  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    hits.set(path, (hits.get(path) ?? 0) + 1)
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const route = routes.get(path)
    const answer = typeof route === 'function' ? route(body, request.headers.authorization) : route
    response.writeHead(answer?.status ?? (answer === undefined ? 404 : 200), { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer?.body ?? {}))
  })
  await listenOn(server)
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    routes,
    hits,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

export interface TokenIssuer extends LoopbackServer {
  readonly issuer: string
  readonly key: SigningKey
  /** Signs the usual claims of an access token; what is given replaces them, `undefined` removes. */
  sign(claims?: Record<string, unknown>, header?: Readonly<Record<string, unknown>>, key?: CryptoKey): Promise<string>
}

export const resource = 'http://localhost:4000/mcp'

/** An issuer whose tokens are for `audience`. `now` is asked for each token. */
export async function startTokenIssuer(
  audience: string = resource,
  now: () => Date = () => new Date(),
): Promise<TokenIssuer> {
  const server = await startLoopbackServer()
  const issuer = server.origin
  const key = await createSigningKey('key-1')
  server.routes.set('/jwks', { body: { keys: [key.publicJwk] } })
  server.routes.set('/.well-known/oauth-authorization-server', {
    body: { issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: `${issuer}/introspection` },
  })
  return {
    ...server,
    issuer,
    key,
    sign: (claims = {}, header = {}, signingKey = key.privateKey) => {
      const seconds = Math.floor(now().getTime() / 1000)
      const usual = {
        iss: issuer,
        aud: audience,
        sub: 'user-1',
        client_id: 'client-1',
        scope: 'notes:read',
        jti: crypto.randomUUID(),
        iat: seconds,
        exp: seconds + 600,
      }
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader(Object.assign({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt' }, header))
        .sign(signingKey)
    },
  }
}
