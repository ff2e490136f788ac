/**
 * One issuer, many resources, each of which knows the scope `read`: no token, code, refresh token, consent or feed entry of one is accepted
 * for another.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import {
  type DeclaredResource,
  declarationOf,
  defaultTokenRules,
  openCeilings,
} from '../../src/oauth/declared-resource.js'
import type { ResourceDeclaration } from '../../src/oauth/resource.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { endAccessOutside } from '../../src/storage/grants/end-undeclared.js'
import { consent, type Person, signIn } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { type MutableDeclarations, mutableDeclarations } from '../support/declarations.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { deviceCodeGrant, startDevice } from '../support/device-client.js'
import { createDpopKey } from '../support/dpop-key.js'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.js'
import {
  discoverServer,
  exchangeOf,
  type Grant,
  newGrant,
  register,
  requestTokens,
  type ServerMetadata,
  startAuthorization,
  type TokenAnswer,
} from '../support/oauth-client.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

const notes = 'https://notes.example.com/mcp'
const tickets = 'https://tickets.example.com/mcp'
const files = 'https://files.example.com/mcp'
const family = 'https://*.team.example.com/*'
const red = 'https://red.team.example.com/mcp'
const blue = 'https://blue.team.example.com/mcp'
const formerTickets = 'https://old.example.com/tickets'

function described(resource: string, name: string, ...own: readonly string[]): ResourceDeclaration {
  const scope = (scopeName: string, includes: readonly string[] = []) => ({
    name: scopeName,
    title: `${scopeName} in ${name}`,
    description: '',
    includes,
    destructive: false,
  })
  const scopes = [scope('read'), scope('write', ['read']), ...own.map((each) => scope(each))]
  return { resource, aliases: [], name, description: '', scopes, tools: [], defaultScopes: ['read'] }
}

const opaque = { tokens: { ...defaultTokenRules, format: 'opaque' as const } }
const initial: readonly DeclaredResource[] = [
  declarationOf(described(notes, 'Notes')),
  declarationOf(
    { ...described(tickets, 'Tickets', 'tickets:close'), aliases: [formerTickets] },
    {
      ceilings: { ...openCeilings, registered: ['read', 'tickets:close'] },
      places: { 'clients.registered': 'gatehouse.yaml:12:5' },
    },
  ),
  declarationOf(described(files, 'Files'), opaque),
  declarationOf(described(family, 'Team {1}'), { isPattern: true }),
]

type Machine = Awaited<ReturnType<typeof addConfidentialClient>>

describeOnDatabases('Many resources of one issuer, on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let idp: IdentityProvider
  let declarations: MutableDeclarations
  let grant: Grant
  const servers = new Map<string, Machine>()
  let machine: Machine

  beforeAll(async () => {
    idp = await startIdentityProvider()
    const trusted = {
      ...{ issuer: idp.issuer, jwksUri: `${idp.origin}/jwks`, clients: [], accounts: 'email' as const },
      ...{ emailDomains: ['example.com'], algorithms: ['ES256'], maxLifetimeSeconds: 600 },
    }
    declarations = mutableDeclarations({ resources: initial, assertionIssuers: [trusted] })
    server = await startServer(kind, {
      declarations,
      operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
    })
    metadata = await discoverServer(server.issuer)
    const redirectUri = 'http://127.0.0.1:41573/callback'
    const { client_id: clientId } = await register(metadata, {
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant],
    })
    grant = { server: metadata, clientId, redirectUri, resource: '' }
    for (const each of [notes, tickets, files, red, blue]) {
      servers.set(each, await addConfidentialClient(server, { introspects: each }))
    }
    machine = await addConfidentialClient(server, {
      grant_types: ['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
    })
  })
  afterAll(async () => {
    await server.close()
    await idp.close()
  })

  const person = (): Person => ({ account: server.account })

  /** Opens the authorization request for these resources; the page after the sign-in. */
  const ask = async (browser: Browser, resources: readonly string[], scope?: string, by = grant) => {
    const started = startAuthorization(metadata, {
      clientId: by.clientId,
      redirectUri: by.redirectUri,
      ...(scope === undefined ? {} : { scope }),
    })
    const url = new URL(started.url)
    for (const each of resources) url.searchParams.append('resource', each)
    const arrival = await browser.open(url.href)
    if ('left' in arrival) return { arrival, codeVerifier: started.codeVerifier }
    const { page } = arrival
    const isSignIn = page.forms.some(({ buttons }) => buttons.some(({ text }) => text === 'Sign in'))
    const next = isSignIn ? await signIn(browser, page, server.account) : arrival
    return { arrival: next, codeVerifier: started.codeVerifier }
  }
  /** A code for these resources, with everything ticked or what `allow` names. */
  const codeFor = async (resources: readonly string[], scope?: string, allow?: readonly string[]) => {
    const browser = server.newBrowser()
    const { arrival, codeVerifier } = await ask(browser, resources, scope)
    const left = await consent(browser, pageOf(arrival), allow ?? 'all')
    if (!('left' in left)) throw new Error(`no redirect: ${left.page.heading}`)
    return { code: new URL(left.left).searchParams.get('code') ?? '', codeVerifier }
  }
  const exchange = (code: Awaited<ReturnType<typeof codeFor>>, resource?: string) => {
    const { resource: _none, ...parameters } = exchangeOf(grant, code)
    return requestTokens(metadata, { ...parameters, ...(resource === undefined ? {} : { resource }) })
  }
  const refresh = (token: string | undefined, parameters: Record<string, string> = {}, headers = {}) =>
    requestTokens(
      metadata,
      { grant_type: 'refresh_token', client_id: grant.clientId, refresh_token: token ?? '', ...parameters },
      headers,
    )
  const byMachine = (parameters: Record<string, string>, by = machine) =>
    requestTokens(metadata, { grant_type: 'client_credentials', ...parameters }, { authorization: by.authorization })
  const introspect = async (token: string | undefined, by: Machine | undefined) => {
    const response = await fetch(`${server.issuer}/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token: token ?? '' }),
      headers: { authorization: by?.authorization ?? '' },
    })
    return readJson(response)
  }
  const feedOf = async (by: Machine | undefined) => {
    const headers = { authorization: by?.authorization ?? '' }
    const response = await fetch(String(metadata['gatehouse_revocation_feed_endpoint']), {
      method: 'POST',
      headers,
      body: new URLSearchParams({ wait: '0' }),
    })
    return JSON.stringify((await readJson(response))['revocations'])
  }
  /** The resource servers that take the token. */
  const acceptedBy = async (token: string | undefined) => {
    const accepted: string[] = []
    for (const [resource, by] of servers) if ((await introspect(token, by))['active'] === true) accepted.push(resource)
    return accepted
  }
  const summary = ({ status, error, tokens }: TokenAnswer) => error ?? `${status} ${tokens?.scope}`
  /** Changes what is declared, as `apply` does: first what was issued ends, then everybody follows. */
  const declare = async (resources: readonly DeclaredResource[]) => {
    const before = new Set(declarations.current().resources.map(({ url }) => url))
    const after = new Set(resources.map(({ url }) => url))
    const isDeclared = (url: string) =>
      (before.has(url) && after.has(url)) || (url.includes('.team.') && before.has(family) && after.has(family))
    const removed = [...before].filter((url) => !after.has(url))
    await server.storage.prisma.$transaction((tx) => endAccessOutside(tx, isDeclared, removed))
    declarations.replace({ resources })
  }

  describe('A request that names none', () => {
    it('is refused, but for a sign-in alone', async () => {
      for (const scope of [undefined, 'read', 'openid read', 'offline_access']) {
        const { arrival } = await ask(server.newBrowser(), [], scope)
        const { searchParams } = new URL(
          'left' in arrival ? arrival.left : `${server.issuer}/?error=${arrival.page.text}`,
        )
        expect([scope, searchParams.get('error')]).toEqual([scope, expect.stringContaining('invalid_target')])
      }
      const { arrival } = await ask(server.newBrowser(), [], 'openid')
      expect(pageOf(arrival).heading).toMatch(/wants to know who you are/)
      expect(summary(await byMachine({}))).toBe('invalid_target')
    })

    it('is for the default, where there is one', async () => {
      const { resources } = declarations.current()
      declarations.replace({ resources: resources.map((each) => ({ ...each, isDefault: each.url === files })) })
      expect(summary(await byMachine({}))).toBe('200 read')
      const { arrival } = await ask(server.newBrowser(), [], 'read')
      expect(pageOf(arrival).heading).toMatch(/wants access to Files/)
      declarations.replace({ resources })
    })
  })

  describe('A token', () => {
    it.each([
      [notes, notes],
      [tickets, tickets],
      [formerTickets, tickets],
      [files, files],
      [red, red],
      [`${blue}/`, blue],
    ])('for %s is for %s alone, from a code, a refresh, a machine and a device', async (asked, resource) => {
      const { tokens } = await exchange(await codeFor([asked], 'read'))
      expect(tokens?.scope).toBe('read')
      expect(await acceptedBy(tokens?.access_token)).toEqual([resource])
      const renewed = await refresh(tokens?.refresh_token)
      expect(await acceptedBy(renewed.tokens?.access_token)).toEqual([resource])
      for (const other of [notes, tickets, files, red, blue].filter((each) => each !== resource))
        expect(summary(await refresh(renewed.tokens?.refresh_token, { resource: other }))).toBe('invalid_target')

      const ofMachine = await byMachine({ resource: asked, scope: 'read' })
      expect(await acceptedBy(ofMachine.tokens?.access_token)).toEqual([resource])

      const device = await startDevice(
        { server: metadata, clientId: grant.clientId },
        { resource: asked, scope: 'read' },
      )
      const browser = server.newBrowser()
      const typed = await browser.open(device.verification_uri_complete)
      const shown = await browser.press(pageOf(typed), 'Continue')
      await consent(browser, pageOf(await signIn(browser, pageOf(shown), server.account)))
      const polled = { grant_type: deviceCodeGrant, client_id: grant.clientId, device_code: device.device_code }
      const ofDevice = await requestTokens(metadata, polled)
      expect(await acceptedBy(ofDevice.tokens?.access_token)).toEqual([resource])
    })

    it('of an identity assertion is for its resource alone', async () => {
      const jag = (claims: Record<string, unknown>) =>
        idp.assert({
          claims: {
            ...{ sub: 'employee', email: server.account.email, aud: server.issuer, client_id: machine.clientId },
            ...claims,
          },
        })
      const assertion = async (claims: Record<string, unknown>, parameters: Record<string, string> = {}) =>
        requestTokens(
          metadata,
          { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: await jag(claims), ...parameters },
          { authorization: machine.authorization },
        )
      const { tokens } = await assertion({ resource: red, scope: 'read write' })
      expect([tokens?.scope, await acceptedBy(tokens?.access_token)]).toEqual(['read write', [red]])
      expect(summary(await assertion({ resource: red, scope: 'read' }, { resource: blue }))).toBe('invalid_grant')
      expect(summary(await assertion({ scope: 'read' }))).toBe('invalid_target')
    })

    it('is for no URL that is declared nowhere', async () => {
      for (const resource of [
        'https://else.example.com/mcp',
        'https://a.b.team.example.com/mcp',
        family,
        'https://red.team.example.com/%6dcp',
      ])
        expect([resource, summary(await byMachine({ resource }))]).toEqual([resource, 'invalid_target'])
    })
  })

  describe('Several resources in one request', () => {
    it('have one page with a part for each, and one refresh token for all', async () => {
      const browser = server.newBrowser()
      const { arrival, codeVerifier } = await ask(browser, [files, notes], 'write openid')
      const page = pageOf(arrival)
      expect(page.heading).toMatch(/wants access to 2 servers/)
      for (const text of ['Files', 'Notes', files, notes, 'write in Files', 'write in Notes'])
        expect(page.text).toContain(text)
      const left = await consent(browser, page, 'all')
      const code = new URL('left' in left ? left.left : 'x:').searchParams.get('code') ?? ''
      const first = await exchange({ code, codeVerifier })
      expect([first.tokens?.scope, await acceptedBy(first.tokens?.access_token)]).toEqual([
        'openid read write',
        [files],
      ])
      const second = await refresh(first.tokens?.refresh_token, { resource: notes })
      expect([second.tokens?.scope, await acceptedBy(second.tokens?.access_token)]).toEqual([
        'openid read write',
        [notes],
      ])
      // Rotated, and still for both, with the scope of the answer repeated.
      const third = await refresh(second.tokens?.refresh_token, { resource: files, scope: 'openid read write' })
      expect([third.tokens?.scope, await acceptedBy(third.tokens?.access_token)]).toEqual([
        'openid read write',
        [files],
      ])
      expect(summary(await refresh(third.tokens?.refresh_token, { resource: tickets }))).toBe('invalid_target')
      const both = new URLSearchParams({ grant_type: 'refresh_token', client_id: grant.clientId })
      both.append('refresh_token', third.tokens?.refresh_token ?? '')
      for (const each of [files, notes]) both.append('resource', each)
      const answer = await fetch(metadata.token_endpoint, { method: 'POST', body: both })
      expect(await readJson(answer)).toMatchObject({ error: 'invalid_target' })
    })

    it('are 20 at most', async () => {
      const many = (count: number) => Array.from({ length: count }, (_, n) => `https://s${n}.team.example.com/mcp`)
      const heading = async (count: number) => {
        const { arrival } = await ask(server.newBrowser(), many(count), 'read')
        return 'left' in arrival ? arrival.left : arrival.page.heading
      }
      expect(await heading(20)).toMatch(/wants access to 20 servers/)
      expect(await heading(21)).not.toMatch(/wants access/)
    })

    it('give the one that is named at the exchange', async () => {
      const code = await codeFor([files, notes], 'read')
      const { tokens } = await exchange(code, notes)
      expect(await acceptedBy(tokens?.access_token)).toEqual([notes])
      expect(summary(await exchange(await codeFor([files, notes], 'read'), red))).toBe('invalid_target')
    })

    it('give nothing of one of which nothing was ticked, nor its scope of the same name', async () => {
      const code = await codeFor([files, notes], 'read', [`${notes} read`])
      const first = await exchange(code)
      expect([first.tokens?.scope, await acceptedBy(first.tokens?.access_token)]).toEqual(['read', [notes]])
      expect(summary(await refresh(first.tokens?.refresh_token, { resource: files }))).toBe('invalid_target')
      expect(summary(await refresh(first.tokens?.refresh_token, { resource: notes }))).toBe('200 read')
    })

    it('keep scopes of the same name apart', async () => {
      const code = await codeFor([files, notes], 'read write', [`${files} write`, `${notes} read`])
      const first = await exchange(code)
      expect(first.tokens?.scope).toBe('read write')
      const second = await refresh(first.tokens?.refresh_token, { resource: notes })
      expect(second.tokens?.scope).toBe('read')
      const third = await refresh(second.tokens?.refresh_token, { resource: notes, scope: 'read write' })
      expect(third.tokens?.scope).toBe('read')
    })

    it('ask each for what it knows, and one that is not mentioned for what it recommends', async () => {
      const { arrival } = await ask(server.newBrowser(), [notes, tickets], 'tickets:close')
      const { text } = pageOf(arrival)
      for (const shown of ['read in Notes', 'tickets:close in Tickets']) expect(text).toContain(shown)
    })
  })

  describe('A consent', () => {
    it('of one resource is none of another', async () => {
      const account = await server.addAccount(`consent-${kind}@example.com`)
      const browser = server.newBrowser()
      const by = await newGrant(server)
      const open = async (resource: string) => {
        const { url } = startAuthorization(metadata, { ...by, resource, scope: 'read write' })
        const arrival = await browser.open(url)
        const page = pageOf(arrival)
        return page.heading === 'Sign in' || page.text.includes('Password')
          ? pageOf(await signIn(browser, page, account))
          : page
      }
      await consent(browser, await open(notes), ['read'])
      expect((await open(notes)).text).toContain('Allowed before')
      expect((await open(files)).text).not.toContain('Allowed before')
    })
  })

  describe('A ceiling', () => {
    it('that allows some shows the others disabled, with the reason, and grants none of them', async () => {
      const browser = server.newBrowser()
      const { arrival, codeVerifier } = await ask(browser, [tickets], 'read write')
      const page = pageOf(arrival)
      expect(page.text).toContain('does not give this to programs that registered themselves')
      const boxes = page.forms.flatMap(({ fields }) => fields.filter(({ name }) => name === 'scope'))
      expect(new Map(boxes.map(({ value, disabled }) => [value, disabled]))).toEqual(
        new Map([
          ['read', false],
          ['write', true],
        ]),
      )
      const left = await consent(browser, page, 'all')
      const code = new URL('left' in left ? left.left : 'x:').searchParams.get('code') ?? ''
      expect((await exchange({ code, codeVerifier })).tokens?.scope).toBe('read')
      expect(server.logLines.some((line) => line.includes('gatehouse.yaml:12:5'))).toBe(true)
    })

    it('that allows none is a page with the reason, whose button denies; elsewhere invalid_scope', async () => {
      const browser = server.newBrowser()
      const { arrival } = await ask(browser, [tickets], 'write')
      const page = pageOf(arrival)
      expect(page.heading).toMatch(/cannot have this access to Tickets/)
      const back = await browser.press(page, 'Go back to Journey client')
      expect(new URL('left' in back ? back.left : 'x:').searchParams.get('error')).toBe('access_denied')

      const body = new URLSearchParams({
        ...{ client_id: grant.clientId, redirect_uri: grant.redirectUri, response_type: 'code' },
        ...{ resource: tickets, scope: 'write', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
      })
      const par = await fetch(String(metadata['pushed_authorization_request_endpoint']), { method: 'POST', body })
      expect(await readJson(par)).toMatchObject({ error: 'invalid_scope' })
      const device = await fetch(String(metadata['device_authorization_endpoint']), { method: 'POST', body })
      expect(await readJson(device)).toMatchObject({ error: 'invalid_scope' })
      expect(summary(await byMachine({ resource: tickets, scope: 'write' }))).toBe('200 read write')
    })

    it('that was lowered narrows a refresh, or refuses it', async () => {
      const { tokens } = await exchange(await codeFor([notes], 'read write'))
      const { resources } = declarations.current()
      const lowered = (registered: 'none' | readonly string[]) =>
        resources.map((each) => (each.url === notes ? { ...each, ceilings: { ...openCeilings, registered } } : each))
      declarations.replace({ resources: lowered(['read']) })
      const narrowed = await refresh(tokens?.refresh_token)
      expect(summary(narrowed)).toBe('200 read')
      declarations.replace({ resources: lowered('none') })
      expect(summary(await refresh(narrowed.tokens?.refresh_token))).toBe('invalid_scope')
      declarations.replace({ resources })
      expect(summary(await refresh(narrowed.tokens?.refresh_token))).toBe('200 read write')
    })
  })

  describe('A client that is limited to resources', () => {
    it('gets no other', async () => {
      const limited = await addConfidentialClient(server, { resources: [notes, family] })
      const answers: string[] = []
      for (const resource of [notes, red, blue, files, tickets])
        answers.push(summary(await byMachine({ resource }, limited)))
      expect(answers).toEqual(['200 read', '200 read', '200 read', 'invalid_target', 'invalid_target'])
    })
  })

  describe('Rules of tokens', () => {
    const withTokens = (tokens: Partial<DeclaredResource['tokens']>) =>
      declarations
        .current()
        .resources.map((each) => (each.url === notes ? { ...each, tokens: { ...defaultTokenRules, ...tokens } } : each))
    it('ask for a key, give no refresh token, and set the life', async () => {
      const { resources } = declarations.current()
      declarations.replace({ resources: withTokens({ dpop: 'required', refresh: false, ttlSeconds: 90 }) })
      const code = await codeFor([notes], 'read')
      expect(summary(await exchange(code))).toBe('invalid_dpop_proof')
      const key = await createDpopKey()
      const dpop = await key.prove({ url: metadata.token_endpoint })
      const { resource: _none, ...parameters } = exchangeOf(grant, code)
      const { tokens } = await requestTokens(metadata, parameters, { dpop })
      expect(tokens).toMatchObject({ token_type: 'DPoP', expires_in: 90 })
      expect(tokens?.refresh_token).toBeUndefined()
      expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({ aud: notes })
      expect(summary(await byMachine({ resource: notes }))).toBe('invalid_dpop_proof')
      declarations.replace({ resources })
    })

    it('ask for a sign-in that is young enough', async () => {
      const { resources } = declarations.current()
      declarations.replace({ resources: withTokens({ maxAuthAgeSeconds: 600 }) })
      const browser = server.newBrowser()
      const { arrival } = await ask(browser, [notes], 'read')
      const { tokens } = await exchange(await codeFor([notes], 'read'))
      await consent(browser, pageOf(arrival))
      const again = (await ask(browser, [notes], 'read')).arrival
      expect(pageOf(again).heading).toMatch(/wants/)
      declarations.replace({ resources: withTokens({ maxAuthAgeSeconds: 1 }) })
      await new Promise((resolve) => setTimeout(resolve, 2_200))
      const { url } = startAuthorization(metadata, { ...grant, resource: notes, scope: 'read' })
      expect(pageOf(await browser.open(url)).text).toContain('Password')
      expect(summary(await refresh(tokens?.refresh_token))).toBe('invalid_grant')
      declarations.replace({ resources })
    })
  })

  describe('A resource that is gone', () => {
    it('is gone for its tokens at once and for ever, and for no others', async () => {
      const both = await exchange(await codeFor([files, notes], 'read'))
      const alone = await exchange(await codeFor([files], 'read'))
      const ofMachine = await byMachine({ resource: files })
      const ofNotes = await refresh(both.tokens?.refresh_token, { resource: notes })
      expect(await acceptedBy(alone.tokens?.access_token)).toEqual([files])

      await declare(initial.filter(({ url }) => url !== files))
      for (const { tokens } of [both, alone, ofMachine]) expect(await acceptedBy(tokens?.access_token)).toEqual([])
      expect(await acceptedBy(ofNotes.tokens?.access_token)).toEqual([notes])
      expect(summary(await refresh(alone.tokens?.refresh_token))).toBe('invalid_grant')
      expect(summary(await refresh(alone.tokens?.refresh_token, { resource: files }))).toBe('invalid_grant')
      expect(summary(await refresh(ofNotes.tokens?.refresh_token, { resource: files }))).toBe('invalid_grant')
      const renewed = await refresh(ofNotes.tokens?.refresh_token)
      expect(await acceptedBy(renewed.tokens?.access_token)).toEqual([notes])
      // Its server may still ask, and learns nothing.
      expect(await introspect(both.tokens?.access_token, servers.get(files))).toEqual({ active: false })
      expect(summary(await byMachine({ resource: files }))).toBe('invalid_target')

      await declare(initial)
      for (const { tokens } of [both, alone, ofMachine]) expect(await acceptedBy(tokens?.access_token)).toEqual([])
      expect(summary(await refresh(alone.tokens?.refresh_token))).toBe('invalid_grant')
      expect(summary(await refresh(renewed.tokens?.refresh_token, { resource: files }))).toBe('invalid_grant')
      expect(await acceptedBy((await byMachine({ resource: files })).tokens?.access_token)).toEqual([files])
    })

    it('of which nothing was ticked but the sign-in is gone with its refresh token', async () => {
      const { tokens } = await exchange(await codeFor([files], 'openid read', []))
      expect([tokens?.scope, await acceptedBy(tokens?.access_token)]).toEqual(['openid', [files]])
      const userinfo = (token: string | undefined) =>
        fetch(String(metadata.userinfo_endpoint), { headers: { authorization: `Bearer ${token}` } })
      expect((await userinfo(tokens?.access_token)).status).toBe(200)
      await declare(initial.filter(({ url }) => url !== files))
      expect(summary(await refresh(tokens?.refresh_token))).toBe('invalid_grant')
      expect((await userinfo(tokens?.access_token)).status).toBe(401)
      await declare(initial)
      expect(summary(await refresh(tokens?.refresh_token))).toBe('invalid_grant')
      expect(await acceptedBy(tokens?.access_token)).toEqual([])
    })

    it('is told to its own server alone, tokens of machines and of families too', async () => {
      const { tokens } = await exchange(await codeFor([red], 'read'))
      const ofMachine = await byMachine({ resource: red })
      const { gid } = decodeJwt(tokens?.access_token ?? '')
      await declare(initial.filter(({ url }) => url !== family))
      expect(await feedOf(servers.get(red))).toContain(String(gid))
      for (const other of [notes, tickets, files]) expect(await feedOf(servers.get(other))).not.toContain(String(gid))
      for (const each of [tokens, ofMachine.tokens]) expect(await acceptedBy(each?.access_token)).toEqual([])
      await declare(initial)
      for (const each of [tokens, ofMachine.tokens]) expect(await acceptedBy(each?.access_token)).toEqual([])
    })
  })

  it('are named in the metadata with all their scopes, and followed when they change', async () => {
    const supported = async () => await discoverServer(server.issuer)
    expect((await supported())['protected_resources']).toEqual([notes, tickets, formerTickets, files])
    expect((await supported())['scopes_supported']).toEqual(expect.arrayContaining(['openid', 'read', 'tickets:close']))
    const { resources } = declarations.current()
    declarations.replace({ resources: resources.slice(0, 1) })
    expect((await supported())['protected_resources']).toEqual([notes])
    declarations.replace({ resources })
  })

  it('let a person sign in for none of them as before', async () => {
    const browser = server.newBrowser()
    const { arrival, codeVerifier } = await ask(browser, [], 'openid email')
    const left = await consent(browser, pageOf(arrival))
    const code = new URL('left' in left ? left.left : 'x:').searchParams.get('code') ?? ''
    const { tokens } = await exchange({ code, codeVerifier })
    expect(tokens?.id_token).toBeDefined()
    expect(await acceptedBy(tokens?.access_token)).toEqual([])
    expect(person().account).toBe(server.account)
  })
})
