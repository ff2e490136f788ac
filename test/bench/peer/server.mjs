// The peer, run as a process of its own: better-auth with its oauth-provider plugin on PostgreSQL, set up as its documentation
// says for production: migrations first, the jwt plugin for signed access tokens, node's own HTTP server. Clients and a person are
// made through its own API. Sends its address and fixtures to its parent.
// Arguments: database URL, connections of the pool, codes, and what both sides share, as JSON.
import { createServer } from 'node:http'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import pg from 'pg'

const [databaseUrl, poolSize, codeCount, shared] = process.argv.slice(2)
const { redirectUri, resource, scope, codeChallenge } = JSON.parse(shared)

const server = createServer((request, response) => handle(request, response))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`

const options = {
  baseURL: origin,
  secret: 'a-secret-of-the-benchmark-that-is-long-enough',
  database: new pg.Pool({ connectionString: databaseUrl, max: Number(poolSize) }),
  emailAndPassword: { enabled: true },
  // Ours counts every request, with limits that are never reached; the peer counts nothing.
  rateLimit: { enabled: false },
  logger: { level: 'error' },
  telemetry: { enabled: false },
  disabledPaths: ['/token'],
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes: [...scope.split(' '), 'openid', 'offline_access'],
      resources: [resource],
      cachedResources: new Set([resource]),
      enforcePerClientResources: false,
      clientPrivileges: async () => true,
      allowDynamicClientRegistration: true,
      allowUnauthenticatedClientRegistration: true,
      accessTokenExpiresIn: 600,
      m2mAccessTokenExpiresIn: 600,
      refreshTokenExpiresIn: 30 * 86_400,
      // Codes are used much later than real ones.
      codeExpiresIn: 3600,
    }),
  ],
}

await (await getMigrations(options)).runMigrations()
const auth = betterAuth(options)
const handle = toNodeHandler(auth)

const paths = {
  '/token': '/api/auth/oauth2/token',
  '/introspect': '/api/auth/oauth2/introspect',
  '/register': '/api/auth/oauth2/register',
}

async function made(client) {
  const { client_id: clientId, client_secret: clientSecret } = await auth.api.adminCreateOAuthClient({
    body: client,
    headers: new Headers({ cookie }),
  })
  return { clientId, clientSecret }
}

const person = { email: 'person@example.org', password: 'correct horse battery staple', name: 'Person' }
const headers = { 'content-type': 'application/json', origin }
const signedUp = await fetch(`${origin}/api/auth/sign-up/email`, {
  method: 'POST',
  headers,
  body: JSON.stringify(person),
})
if (!signedUp.ok) throw new Error(`sign-up: ${signedUp.status} ${await signedUp.text()}`)
const cookie = signedUp.headers
  .getSetCookie()
  .map((line) => line.split(';')[0])
  .join('; ')

const { clientId } = await made({
  client_name: 'Benchmark',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  scope: `${scope} offline_access`,
  skip_consent: true,
})
const confidential = await made({
  client_name: 'Benchmark',
  redirect_uris: [redirectUri],
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'client_secret_basic',
  scope,
  client_credentials_scopes: scope.split(' '),
})

async function code() {
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: `${scope} offline_access`,
    resource,
    state: 'a-state-of-the-benchmark',
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  })
  // To a program the endpoint says where to go in the body; a browser is redirected there.
  const answer = await fetch(`${origin}/api/auth/oauth2/authorize?${request}`, { headers: { cookie } })
  const text = await answer.text()
  const found = answer.ok ? new URL(JSON.parse(text).url, origin).searchParams.get('code') : null
  if (found === null) throw new Error(`no code: ${answer.status} ${text}`)
  return found
}

const codes = []
while (codes.length < Number(codeCount)) codes.push(...(await Promise.all(Array.from({ length: 10 }, code))))
process.send?.({ origin, paths, client: { clientId, redirectUri, resource }, confidential, codes })
process.once('disconnect', () => process.exit(0))
