// Auth.js (@auth/core, which NextAuth 5 is built on): a web application whose people sign in, with the tokens kept for later calls.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Auth } from '@auth/core'
import { serve } from './steps.mjs'

let provider
let metadata
let account
let profile
let origin

const config = () => ({
  basePath: '/auth',
  secret: 'of a throwaway test application, long enough',
  trustHost: true,
  providers: [provider],
  callbacks: {
    jwt({ token, account: newAccount, profile: newProfile }) {
      if (newAccount) account = newAccount
      if (newProfile) profile = newProfile
      return token
    },
  },
})

async function webRequest(incoming) {
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const body = chunks.length === 0 ? undefined : Buffer.concat(chunks)
  return new Request(new URL(incoming.url, origin), { method: incoming.method, headers: incoming.headers, body })
}

async function send(outgoing, response) {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  outgoing.setHeader('set-cookie', response.headers.getSetCookie())
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}

/** Every page that is not of Auth.js tells who is signed in. */
async function pageFor(request) {
  if (new URL(request.url).pathname.startsWith('/auth/')) return Auth(request, config())
  const asked = new Request(new URL('/auth/session', request.url), { headers: request.headers })
  const session = await (await Auth(asked, config())).json()
  const text = session?.user?.email ? `Signed in as ${session.user.email}` : 'Not signed in'
  return new Response(text, { headers: { 'content-type': 'text/plain' } })
}

/** What Auth.js leaves to the application; its guide on refresh token rotation sends the secret in the body. */
async function post(endpoint, parameters) {
  const body = new URLSearchParams({
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    ...parameters,
  })
  const response = await fetch(endpoint, { method: 'POST', body })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text === '' ? {} : JSON.parse(text)
}

await serve({
  /** `from_userinfo`: Auth.js reads the person's claims from the userinfo endpoint, not from the ID token. */
  async setUp({ issuer, client_id, client_secret, redirect_uri, from_userinfo = false }) {
    provider = {
      id: 'gatehouse',
      name: 'Gatehouse',
      type: 'oidc',
      issuer,
      clientId: client_id,
      clientSecret: client_secret,
      checks: ['pkce', 'state', 'nonce'],
      idToken: !from_userinfo,
    }
    metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
    const { hostname, port } = new URL(redirect_uri)
    origin = new URL(redirect_uri).origin
    const server = createServer(async (incoming, outgoing) => {
      await send(outgoing, await pageFor(await webRequest(incoming)))
    })
    server.listen(Number(port), hostname)
    await once(server, 'listening')
    return {}
  },
  async begin({ scope }) {
    provider = { ...provider, authorization: { params: { scope } } }
    return { url: `${origin}/auth/signin`, button: 'Sign in with Gatehouse' }
  },
  async session() {
    return { claims: profile, scope: account.scope, accessToken: account.access_token }
  },
  async userinfo() {
    const headers = { authorization: `Bearer ${account.access_token}` }
    const response = await fetch(metadata.userinfo_endpoint, { headers })
    if (!response.ok) throw new Error(`userinfo answered ${response.status}`)
    return { claims: await response.json() }
  },
  async refresh({ scope }) {
    const parameters = { grant_type: 'refresh_token', refresh_token: account.refresh_token, scope }
    account = { ...account, ...(await post(metadata.token_endpoint, parameters)) }
    return { scope: account.scope, accessToken: account.access_token }
  },
  async revoke() {
    await post(metadata.revocation_endpoint, { token: account.refresh_token })
    return {}
  },
})
