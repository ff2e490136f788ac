/** An OpenID provider, and a GitHub, on loopback that signs everybody in at once, right or bent as a test wants it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { listenOn } from './opened.js'
import { createSigningKey } from './token-issuer.js'

type Claims = Readonly<Record<string, unknown>>

export interface ProviderBend {
  /** Of the ID token; `undefined` removes. */
  readonly claims?: Claims
  /** Of the userinfo endpoint, besides `sub`. */
  readonly userinfo?: Claims
  /** Of the address that the browser is sent back to; `undefined` removes. */
  readonly returned?: Readonly<Record<string, string | undefined>>
  /** Of the metadata. */
  readonly metadata?: Claims
  /** Answers of the token endpoint. */
  readonly tokenStatus?: number
  readonly tokens?: Claims
  /** Of GitHub's API. */
  readonly user?: Claims
  readonly emails?: readonly Claims[]
}

export interface BentProvider {
  readonly issuer: string
  /** From now on. */
  bend(bend: ProviderBend): void
  /** Parameters of the authorization requests so far. */
  readonly requests: URLSearchParams[]
  /** Bodies of the token requests so far. */
  readonly redeemed: URLSearchParams[]
  sign(claims: Claims, type?: string): Promise<string>
}

const without = (claims: Claims) =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))

export async function startBentProvider(): Promise<BentProvider> {
  const key = await createSigningKey('provider-1', 'RS256')
  const requests: URLSearchParams[] = []
  const redeemed: URLSearchParams[] = []
  let bend: ProviderBend = {}
  let issuer = ''
  const sign = (claims: Claims, type = 'JWT') =>
    new SignJWT(without(claims)).setProtectedHeader({ alg: 'RS256', kid: 'provider-1', typ: type }).sign(key.privateKey)

  const tokens = async (form: URLSearchParams) => {
    redeemed.push(form)
    const asked = requests.at(-1)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      ...{ iss: issuer, sub: 'person-1', aud: asked?.get('client_id'), nonce: asked?.get('nonce') ?? undefined },
      ...{ iat: now, exp: now + 300, auth_time: now, ...bend.claims },
    }
    const idToken = requests.at(-1)?.get('scope')?.includes('openid') === true ? { id_token: await sign(claims) } : {}
    return { access_token: 'an-access-token', token_type: 'Bearer', expires_in: 300, ...idToken, ...bend.tokens }
  }

  const answers: Readonly<Record<string, (form: URLSearchParams) => unknown>> = {
    '/.well-known/openid-configuration': () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
      ...bend.metadata,
    }),
    '/jwks': () => ({ keys: [key.publicJwk] }),
    '/token': tokens,
    '/login/oauth/access_token': tokens,
    '/userinfo': () => without({ sub: bend.claims?.['sub'] ?? 'person-1', ...bend.userinfo }),
    '/api/v3/user': () => ({ id: 4711, login: 'ada', name: 'Ada', ...bend.user }),
    '/api/v3/user/emails': () => bend.emails ?? [],
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', issuer)
    let body = ''
    for await (const chunk of request) body += String(chunk)
    if (url.pathname === '/authorize' || url.pathname === '/login/oauth/authorize') {
      requests.push(url.searchParams)
      const back = new URL(url.searchParams.get('redirect_uri') ?? '')
      const iss = url.pathname === '/authorize' ? issuer : undefined
      const parameters = { code: 'a-code', state: url.searchParams.get('state') ?? '', iss, ...bend.returned }
      for (const [name, value] of Object.entries(parameters))
        if (value !== undefined) back.searchParams.set(name, value)
      response.writeHead(302, { location: back.href }).end()
      return
    }
    const answer = answers[url.pathname]
    const status = answer === undefined ? 404 : url.pathname === '/token' ? (bend.tokenStatus ?? 200) : 200
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify((await answer?.(new URLSearchParams(body))) ?? {}))
  })
  await listenOn(server)
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    requests,
    redeemed,
    sign,
    bend: (next) => {
      bend = next
    },
  }
}
