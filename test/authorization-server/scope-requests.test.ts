/** Scope lists as clients send them, at every endpoint that reads one (RFC 6749 §3.1, §3.3, §6). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { completeAuthorization, isSignInPage, type ScopeChoice, scopesOn, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { askForDeviceCode, poll, startDevice } from '../support/device-client.js'
import {
  completeCode,
  exchangeOf,
  type Grant,
  newGrant,
  redeem,
  register,
  requestTokens,
  startAuthorization,
  type Tokens,
} from '../support/oauth-client.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

const words = (scope: string | undefined) => scope?.split(' ').sort()
const byDefault = ['notes:read', 'notes:write']

/** A list of scopes, and what it means at a resource whose default is reading and writing. */
const lists: readonly (readonly [string, string, readonly string[]])[] = [
  ['a space before and after', ' notes:read ', ['notes:read']],
  ['two spaces between', 'notes:read  notes:write', byDefault],
  ['a line break at the end', 'notes:read\n', ['notes:read']],
  ['spaces alone', '   ', byDefault],
  ['a scope nobody knows', 'mcp:tools', byDefault],
  ['a star', '*', byDefault],
  ['a comma between', 'notes:read,notes:delete', byDefault],
  ['offline_access alone', 'offline_access', byDefault],
  ['a known scope and others', 'notes:read mcp:tools', ['notes:read']],
]

describeOnDatabases('Scope lists, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  let device: Grant
  let machine: Awaited<ReturnType<typeof addConfidentialClient>>
  beforeAll(async () => {
    server = await startServer(kind)
    grant = await newGrant(server)
    const grantTypes = ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token']
    const { client_id: clientId } = await register(grant.server, {
      client_name: 'Notes CLI',
      grant_types: grantTypes,
      redirect_uris: [],
      response_types: [],
    })
    device = { ...grant, clientId }
    machine = await addConfidentialClient(server)
  })
  afterAll(() => server.close())

  const tokensFor = async (
    scope: string,
    parameters: Record<string, string> = {},
    allow: ScopeChoice = 'all',
  ): Promise<Tokens> => {
    const issued = await completeCode(
      grant,
      server.newBrowser(),
      { account: server.account, allow },
      { scope, ...parameters },
    )
    const { tokens, error } = await redeem(grant, issued.code, issued.codeVerifier)
    if (tokens === undefined) throw new Error(`the token endpoint answered ${error}`)
    return tokens
  }
  const refresh = (tokens: Tokens | undefined, scope?: string) =>
    requestTokens(grant.server, {
      grant_type: 'refresh_token',
      client_id: grant.clientId,
      refresh_token: tokens?.refresh_token ?? '',
      ...(scope === undefined ? {} : { scope }),
    })
  const consentFor = async (url: string) => {
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(url))
    if (!isSignInPage(page)) throw new Error(`no sign-in page: ${page.status} ${page.heading}`)
    return pageOf(await signIn(browser, page, server.account))
  }
  const askedAt = async (url: string) => scopesOn(await consentFor(url)).map(({ name }) => name)

  it.each(lists)('at the authorization endpoint: %s', async (_name, scope, meant) => {
    const { url } = startAuthorization(grant.server, { ...grant, scope })
    expect((await askedAt(url)).sort()).toEqual(meant)
  })

  it.each(lists)('at the pushed authorization request endpoint: %s', async (_name, scope, meant) => {
    const { url } = startAuthorization(grant.server, { ...grant, scope })
    const body = new URLSearchParams(new URL(url).search)
    const pushed = await readJson(await fetch(`${server.issuer}/par`, { method: 'POST', body }))
    const request = new URLSearchParams({ client_id: grant.clientId, request_uri: String(pushed['request_uri']) })
    expect((await askedAt(`${server.issuer}/authorize?${request}`)).sort()).toEqual(meant)
  })

  // A device cannot send a prompt, so offline_access counts there (OpenID Connect Core §11).
  const atDevice = lists.map(
    ([name, scope, meant]) => [name, scope, scope === 'offline_access' ? [...meant, scope].sort() : meant] as const,
  )
  it.each(atDevice)('at the device authorization endpoint: %s', async (_name, scope, meant) => {
    const started = await startDevice(device, { scope })
    const browser = server.newBrowser()
    const account = { account: server.account }
    const entry = pageOf(await browser.open(started.verification_uri_complete))
    const page = pageOf(await browser.press(entry, 'Continue'))
    const consentPage = pageOf(await signIn(browser, page, account.account))
    expect(
      scopesOn(consentPage)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(meant)
    const offered = Object.fromEntries(scopesOn(consentPage).map(({ name }) => [`scope=${name}`, true]))
    await browser.press(consentPage, 'Allow', offered)
    expect(words((await poll(device, started.device_code)).tokens?.scope)).toEqual(meant)
  })

  it.each(lists)('of a machine: %s', async (_name, scope, meant) => {
    const asMachine = { grant_type: 'client_credentials', scope }
    const { tokens } = await requestTokens(grant.server, asMachine, { authorization: machine.authorization })
    expect(words(tokens?.scope)).toEqual(meant)
    expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({ aud: server.resource, scope: tokens?.scope })
  })

  it.each(lists)('at a refresh: %s', async (_name, scope, meant) => {
    const first = await tokensFor('notes:read notes:write')
    const { tokens, status } = await refresh(first, scope)
    expect([status, words(tokens?.scope)]).toEqual([200, meant])
  })

  it.each(['request', 'request_uri'])('mean the same beside an empty %s, which is left out', async (name) => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: '*' })
    expect(await askedAt(`${url}&${name}=`)).toEqual(byDefault)
  })

  it('are refused where a character is not allowed', async () => {
    const malformed = 'notes:read\tnotes:write'
    expect(await readJson(await askForDeviceCode(device, { scope: malformed }))).toMatchObject({
      error: 'invalid_scope',
    })
    const asMachine = { grant_type: 'client_credentials', scope: malformed }
    expect((await requestTokens(grant.server, asMachine, { authorization: machine.authorization })).error).toBe(
      'invalid_scope',
    )
    expect((await refresh(await tokensFor('notes:read'), malformed)).error).toBe('invalid_scope')
  })

  it('that were ignored at authorization are ignored at every refresh, and widen nothing', async () => {
    const scope = 'notes:read offline_access mcp:tools'
    const first = await tokensFor(scope)
    const { tokens: second } = await refresh(first, scope)
    const { tokens: third } = await refresh(second, scope)
    expect(third?.scope).toBe('notes:read')
    for (const wider of ['notes:read notes:delete', 'openid', 'notes:delete']) {
      expect((await refresh(third, wider)).error).toBe('invalid_scope')
    }
    expect((await refresh(third, scope)).status).toBe(200)
  })

  it('name offline_access in the answer when it was granted', async () => {
    const scope = 'notes:read offline_access'
    const first = await tokensFor(scope, { prompt: 'consent' })
    expect(words(first.scope)).toEqual(['notes:read', 'offline_access'])
    expect(words((await refresh(first, scope)).tokens?.scope)).toEqual(words(first.scope))
  })

  it('carry in tokens what their scopes include', async () => {
    const first = await tokensFor('notes:write')
    expect(words(first.scope)).toEqual(byDefault)
    expect(decodeJwt(first.access_token)).toMatchObject({ scope: first.scope })
    const { tokens: same } = await refresh(first, first.scope)
    expect(words(same?.scope)).toEqual(byDefault)
    const { tokens: narrowed } = await refresh(same, 'notes:read')
    expect(narrowed?.scope).toBe('notes:read')
    const { tokens: wide } = await refresh(narrowed)
    expect(words(wide?.scope)).toEqual(byDefault)
    const asMachine = { grant_type: 'client_credentials', scope: 'notes:write' }
    const { tokens } = await requestTokens(grant.server, asMachine, { authorization: machine.authorization })
    expect(words(decodeJwt<{ scope: string }>(tokens?.access_token ?? '').scope)).toEqual(byDefault)
    // Deleting includes nothing.
    expect((await tokensFor('notes:delete')).scope).toBe('notes:delete')
  })

  it('carry what a person allowed, with what it includes, and nothing that was left out', async () => {
    const writes = await tokensFor('notes:read notes:write notes:delete', {}, ['notes:write'])
    expect(words(writes.scope)).toEqual(byDefault)
    const reads = await tokensFor('notes:read notes:write notes:delete', {}, ['notes:read'])
    expect(reads.scope).toBe('notes:read')
    expect((await refresh(reads, 'notes:read notes:write')).error).toBe('invalid_scope')
  })
})

describe('Parameters that mean nothing in a request (RFC 6749 §3.1)', () => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer('embedded')
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const ofOpenid = {
    nonce: 'n-1',
    max_age: 'soon',
    acr_values: 'urn:x',
    id_token_hint: 'x.y.z',
    claims: 'none',
    claims_locales: 'de',
    display: 'popup',
    ui_locales: 'fr',
    registration: '{}',
  }
  const codeFor = async (by: Grant, parameters: Record<string, string>) =>
    completeCode(by, server.newBrowser(), { account: server.account }, { scope: 'notes:read', ...parameters })

  it.each(Object.entries(ofOpenid))('%s without openid is ignored', async (name, value) => {
    const { code } = await codeFor(grant, { [name]: value })
    expect(code).not.toBe('')
  })

  it('blanks around response_type are no part of it', async () => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const left = await completeAuthorization(
      server.newBrowser(),
      url.replace('response_type=code', 'response_type=+code+'),
      {
        account: server.account,
      },
    )
    expect(new URL(left).searchParams.get('code')).not.toBeNull()
  })

  it('all of them without openid are ignored, pushed as well', async () => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters: ofOpenid })
    const body = new URLSearchParams(new URL(url).search)
    const pushed = await readJson(await fetch(`${server.issuer}/par`, { method: 'POST', body }))
    const request = new URLSearchParams({ client_id: grant.clientId, request_uri: String(pushed['request_uri']) })
    const left = await completeAuthorization(server.newBrowser(), `${server.issuer}/authorize?${request}`, {
      account: server.account,
    })
    expect(new URL(left).searchParams.get('code')).not.toBeNull()
  })

  it('with openid count: the nonce is in the ID token, and a hint that cannot be read is refused', async () => {
    const issued = await codeFor(grant, { scope: 'openid', nonce: 'n-1' })
    const { tokens } = await requestTokens(grant.server, exchangeOf(grant, issued))
    expect(decodeJwt(tokens?.id_token ?? '')).toMatchObject({ nonce: 'n-1' })
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'openid', parameters: { id_token_hint: 'x' } })
    const arrival = await server.newBrowser().open(url)
    expect('left' in arrival && new URL(arrival.left).searchParams.get('error')).toBe('invalid_request')
  })

  it('of a client that registered defaults for OpenID Connect are ignored without openid, and count with it', async () => {
    const registration = { redirect_uris: [grant.redirectUri], default_max_age: 300, require_auth_time: true }
    const { client_id: clientId, ...registered } = await register(grant.server, registration)
    expect(registered).toMatchObject({ default_max_age: 300, require_auth_time: true })
    const by = { ...grant, clientId }
    expect((await codeFor(by, {})).code).not.toBe('')
    const issued = await codeFor(by, { scope: 'openid' })
    const { tokens } = await requestTokens(grant.server, exchangeOf(by, issued))
    expect(decodeJwt(tokens?.id_token ?? '')).toHaveProperty('auth_time')
  })

  it('prompt=select_account shows the page that names the account and offers another one', async () => {
    const { url } = startAuthorization(grant.server, {
      ...grant,
      scope: 'openid',
      parameters: { prompt: 'select_account' },
    })
    const browser = server.newBrowser()
    const signedIn = pageOf(await signIn(browser, pageOf(await browser.open(url)), server.account))
    expect(signedIn.text).toContain(server.account.email)
  })
})
