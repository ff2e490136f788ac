/** One sign-in for identity and tools: tokens, ID tokens and userinfo (OpenID Connect Core §5.3, §5.4; RFC 6749 §3.3, §5.1). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt, SignJWT } from 'jose'
import { describeOnDatabases } from '../support/describe-with.js'
import { createDpopKey } from '../support/dpop-key.js'
import {
  completeCode,
  exchangeOf,
  type Grant,
  newGrant,
  requestTokens,
  revoke,
  type Tokens,
} from '../support/oauth-client.js'
import { createSigningKey } from '../support/token-issuer.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

const words = (scope: string | undefined) => scope?.split(' ').sort()
describeOnDatabases('One sign-in for identity and tools, on %s', (kind) => {
  describe.each(['jwt', 'opaque'] as const)('with %s access tokens', (format) => {
    let server: TestServer
    let grant: Grant
    let resourceServer: Awaited<ReturnType<typeof addConfidentialClient>>
    beforeAll(async () => {
      server = await startServer(kind, { accessTokenFormat: format })
      grant = await newGrant(server)
      resourceServer = await addConfidentialClient(server, { introspects: server.resource })
    })
    afterAll(() => server.close())

    /** An empty `resource` is left out of both requests. */
    const signIn = async (scope: string, { resource = '', account = server.account, allow = {}, proof = '' } = {}) => {
      const by = { ...grant, resource }
      const person = { account, ...allow }
      const issued = await completeCode(by, server.newBrowser(), person, { scope })
      const { resource: _left, ...exchange } = exchangeOf(by, issued)
      const parameters = resource === '' ? exchange : { ...exchange, resource }
      const { tokens, error } = await requestTokens(grant.server, parameters, proof === '' ? {} : { dpop: proof })
      if (tokens === undefined) throw new Error(`the token endpoint answered ${error}`)
      return tokens
    }
    const refresh = (tokens: Tokens, changes: Record<string, string> = {}) =>
      requestTokens(grant.server, {
        grant_type: 'refresh_token',
        client_id: grant.clientId,
        refresh_token: tokens.refresh_token ?? '',
        ...changes,
      })
    const userinfo = async (token: string | undefined, headers: Record<string, string> = {}) =>
      fetch(grant.server.userinfo_endpoint ?? '', { headers: { authorization: `Bearer ${token}`, ...headers } })
    const statusAtUserinfo = async (token: string | undefined) => (await userinfo(token)).status
    const claimsOf = async (token: string | undefined) => readJson(await userinfo(token))
    /** As a resource server sees it; `undefined` for a token that is not for the resource. */
    const atResource = async (token: string) => {
      if (format === 'jwt') return /\./.test(token) ? decodeJwt(token) : undefined
      const response = await fetch(`${server.issuer}/introspect`, {
        method: 'POST',
        body: new URLSearchParams({ token }),
        headers: { authorization: resourceServer.authorization },
      })
      const answer = await readJson(response)
      return answer['active'] === true ? answer : undefined
    }

    it.each([
      ['without a resource', ''],
      ['for the resource', 'http://localhost:4000/mcp'],
    ])('gives one token for both, %s', async (_name, resource) => {
      const tokens = await signIn('openid email notes:read', { resource })
      expect(words(tokens.scope)).toEqual(['email', 'notes:read', 'openid'])
      const seen = await atResource(tokens.access_token)
      expect(seen).toMatchObject({ aud: server.resource, scope: tokens.scope })
      const { sub } = decodeJwt(tokens.id_token ?? '')
      const claims = { sub, email: server.account.email }
      expect(await claimsOf(tokens.access_token)).toMatchObject(claims)
      expect(decodeJwt(tokens.id_token ?? '')).toMatchObject(claims)
    })

    it('reads userinfo by POST, too', async () => {
      const { access_token: token } = await signIn('openid email notes:read')
      const body = new URLSearchParams({ access_token: token })
      const response = await fetch(grant.server.userinfo_endpoint ?? '', { method: 'POST', body })
      expect(await readJson(response)).toMatchObject({ email: server.account.email })
    })

    it('refuses the token of an account that was disabled since, though token and grant are as they were', async () => {
      const person = await server.addAccount(`disabled-${format}@example.com`)
      const { access_token: token } = await signIn('openid email notes:read', { account: person })
      const isDisabled = (disabledAt: Date | null) =>
        server.storage.prisma.account.update({ where: { id: person.id }, data: { disabledAt } })
      await isDisabled(new Date())
      const refused = await userinfo(token)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
      await isDisabled(null)
      expect(await claimsOf(token)).toMatchObject({ email: person.email })
    })

    it('has the claims of granted scopes in the ID token of a sign-in alone', async () => {
      const tokens = await signIn('openid email')
      expect(decodeJwt(tokens.id_token ?? '')).toMatchObject({ email: server.account.email, email_verified: true })
      expect(words(tokens.scope)).toEqual(['email', 'openid'])
      expect(await atResource(tokens.access_token)).toBeUndefined()
      const without = await signIn('openid')
      expect(decodeJwt(without.id_token ?? '')).not.toHaveProperty('email')
      expect(await claimsOf(without.access_token)).not.toHaveProperty('email')
    })

    it('gives a sign-in that names the resource the default scopes there', async () => {
      const tokens = await signIn('openid email', { resource: server.resource })
      expect(words(tokens.scope)).toEqual(['email', 'notes:read', 'notes:write', 'openid'])
      expect(await atResource(tokens.access_token)).toMatchObject({ aud: server.resource, scope: tokens.scope })
      expect(await statusAtUserinfo(tokens.access_token)).toBe(200)
    })

    it('works after refreshes: with the same scope, with none, and narrowed', async () => {
      const first = await signIn('openid email notes:read')
      const { tokens: same } = await refresh(first, { scope: 'openid email notes:read' })
      expect(words(same?.scope)).toEqual(words(first.scope))
      expect(await statusAtUserinfo(same?.access_token)).toBe(200)
      const { tokens: silent } = await refresh(same ?? first)
      expect(words(silent?.scope)).toEqual(words(first.scope))
      const { tokens: identity } = await refresh(silent ?? first, { scope: 'openid email' })
      expect(words(identity?.scope)).toEqual(['email', 'openid'])
      expect(await claimsOf(identity?.access_token)).toMatchObject({ email: server.account.email })
      expect(await atResource(identity?.access_token ?? '')).toBeUndefined()
      const { tokens: tools } = await refresh(identity ?? first, { scope: 'notes:read' })
      expect(tools?.scope).toBe('notes:read')
      expect(await atResource(tools?.access_token ?? '')).toMatchObject({ scope: 'notes:read' })
      expect([401, 403]).toContain(await statusAtUserinfo(tools?.access_token))
    })

    it('keeps the resource’s scopes at a refresh that names the resource and none of them', async () => {
      const first = await signIn('openid email notes:read', { resource: server.resource })
      const { tokens } = await refresh(first, { scope: 'openid email', resource: server.resource })
      expect(words(tokens?.scope)).toEqual(words(first.scope))
    })

    it('is not for a token without openid, of a machine, or of another issuer', async () => {
      const { access_token: tools } = await signIn('notes:read')
      const response = await userinfo(tools)
      expect(response.status).toBe(403)
      expect(response.headers.get('www-authenticate')).toContain('insufficient_scope')
      const machine = await addConfidentialClient(server)
      const asMachine = { grant_type: 'client_credentials', scope: 'openid notes:read' }
      const { tokens } = await requestTokens(grant.server, asMachine, { authorization: machine.authorization })
      expect(await statusAtUserinfo(tokens?.access_token)).toBe(401)
      const { access_token: token } = await signIn('openid email notes:read')
      expect(await statusAtUserinfo(`${token}x`)).toBe(401)
      if (format === 'opaque') return
      const { privateKey } = await createSigningKey('elsewhere')
      const forged = await new SignJWT(decodeJwt(token))
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
        .sign(privateKey)
      expect(await statusAtUserinfo(forged)).toBe(401)
    })

    it('ends at userinfo with a revoked token, a revoked grant and a disabled account', async () => {
      const alone = await signIn('openid email notes:read')
      expect(await revoke(grant, alone.access_token)).toBe(200)
      expect(await statusAtUserinfo(alone.access_token)).toBe(401)
      const family = await signIn('openid email notes:read')
      expect(await revoke(grant, family.refresh_token ?? '')).toBe(200)
      expect(await statusAtUserinfo(family.access_token)).toBe(401)
      const account = await server.addAccount(`${format}@example.com`)
      const { access_token: token } = await signIn('openid email notes:read', { account })
      expect(await statusAtUserinfo(token)).toBe(200)
      await server.accounts.disable(account.id)
      expect(await statusAtUserinfo(token)).toBe(401)
      await server.accounts.enable(account.id)
      expect(await statusAtUserinfo(token)).toBe(401)
    })

    it('wants the proof of a token that is bound to a key (RFC 9449)', async () => {
      const key = await createDpopKey()
      const proof = await key.prove({ url: grant.server.token_endpoint })
      const { access_token: token } = await signIn('openid email notes:read', { proof })
      const url = grant.server.userinfo_endpoint ?? ''
      const bound = { authorization: `DPoP ${token}`, dpop: await key.prove({ method: 'GET', url, token }) }
      expect(await readJson(await userinfo('', bound))).toMatchObject({ email: server.account.email })
      expect(await statusAtUserinfo(token)).toBe(401)
      const other = await createDpopKey()
      const stolen = { authorization: `DPoP ${token}`, dpop: await other.prove({ method: 'GET', url, token }) }
      expect((await userinfo('', stolen)).status).toBe(401)
    })

    it('gives no more than was ticked, and never an empty scope', async () => {
      const identity = await signIn('openid email notes:read', { allow: { allow: ['email'] } })
      expect(words(identity.scope)).toEqual(['email', 'openid'])
      expect(await statusAtUserinfo(identity.access_token)).toBe(200)
      const tools = await signIn('openid email notes:read', { allow: { allow: ['notes:read'] } })
      expect(words(tools.scope)).toEqual(['notes:read', 'openid'])
      expect(await claimsOf(tools.access_token)).not.toHaveProperty('email')
      expect(decodeJwt(tools.id_token ?? '')).not.toHaveProperty('email')
    })
  })
})
