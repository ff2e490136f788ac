/**
 * Which scopes a person may give a client is a matter of their groups: at consent, in a form that was changed, at each refresh, for a device,
 * by an identity assertion, and where an earlier decision answers.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { DeclaredGroup } from '../../src/oauth/declared-resource.js'
import { declarationOf } from '../../src/oauth/declared-resource.js'
import type { ResourceDeclaration } from '../../src/oauth/resource.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createGroupMembers, type GroupMembers } from '../../src/storage/accounts/group-members.js'
import { type Account, consent, isConsentPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { type MutableDeclarations, mutableDeclarations } from '../support/declarations.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { deviceCodeGrant, poll, startDevice } from '../support/device-client.js'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.js'
import {
  discoverServer,
  exchangeOf,
  type Grant,
  register,
  requestTokens,
  type ServerMetadata,
  startAuthorization,
  type TokenAnswer,
} from '../support/oauth-client.js'
import { addConfidentialClient, startServer, type TestServer } from './server.js'

const tickets = 'https://tickets.example.com/mcp'
const files = 'https://files.example.com/mcp'
const redirectUri = 'http://127.0.0.1:41573/callback'

function described(resource: string, name: string): ResourceDeclaration {
  const scope = (scopeName: string, ...includes: readonly string[]) => ({
    ...{ name: scopeName, title: `${scopeName} in ${name}`, description: '', includes, destructive: false },
  })
  const scopes = [scope('read'), scope('write', 'read'), scope('admin', 'write', 'purge'), scope('purge')]
  return { resource, aliases: [], name, description: '', scopes, tools: [], defaultScopes: ['read'] }
}

const group = (name: string, ...members: readonly string[]): DeclaredGroup => ({
  ...{ name, title: `The ${name}`, members: new Set(members), source: 'file', places: {} },
})

// Leads may not purge, so that neither may they give what comes with purging.
const access = { everyone: ['read'], support: ['read', 'write'], leads: ['write', 'admin'], owners: 'all' } as const
const ruled = declarationOf(described(tickets, 'Tickets'), { access, places: { access: 'gatehouse.yaml:9:5' } })
const shut = { ...ruled, access: { support: ['read'] } }
const unruled = declarationOf(described(files, 'Files'))

const all = 'read write admin purge'

/** Groups of a person, and what they may give at the resource with rules. */
const people: readonly (readonly [string, readonly string[], string])[] = [
  ['nobody', [], 'read'],
  ['support', ['support'], 'read write'],
  ['leads', ['leads'], 'read write'],
  ['both', ['support', 'leads'], 'read write'],
  ['owner', ['owners'], all],
]

describeOnDatabases('Access by groups, on %s', (kind) => {
  let server: TestServer
  let idp: IdentityProvider
  let metadata: ServerMetadata
  let declarations: MutableDeclarations
  let members: GroupMembers
  let grant: Grant
  let machine: Awaited<ReturnType<typeof addConfidentialClient>>

  beforeAll(async () => {
    idp = await startIdentityProvider()
    const trusted = {
      ...{ issuer: idp.issuer, jwksUri: `${idp.origin}/jwks`, clients: [], accounts: 'create' as const },
      ...{ emailDomains: ['example.com'], algorithms: ['ES256'], maxLifetimeSeconds: 600 },
    }
    const groups = ['support', 'leads', 'owners'].map((name) => group(name))
    declarations = mutableDeclarations({ resources: [ruled, unruled], assertionIssuers: [trusted], groups })
    server = await startServer(kind, {
      declarations,
      operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
    })
    members = createGroupMembers(server.storage)
    metadata = await discoverServer(server.issuer)
    const { client_id: clientId } = await register(metadata, {
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant],
    })
    grant = { server: metadata, clientId, redirectUri, resource: '' }
    machine = await addConfidentialClient(server, {
      grant_types: ['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
    })
    for (const [name, groupNames] of people) {
      await server.addAccount(`${name}@example.com`)
      for (const each of groupNames) await members.add(each, `${name}@example.com`, 'command')
    }
  })
  afterAll(async () => {
    await server.close()
    await idp.close()
  })
  beforeEach(() => declarations.replace({ resources: [ruled, unruled] }))

  const accountOf = (name: string): Account => ({ email: `${name}@example.com`, password: server.account.password })

  const ask = async (browser: Browser, who: string, resource: string, scope = all, clientId = grant.clientId) => {
    const started = startAuthorization(metadata, { clientId, redirectUri, scope, resource })
    const page = pageOf(await browser.open(started.url))
    const arrival = isConsentPage(page) ? { page } : await signIn(browser, page, accountOf(who))
    return { page: pageOf(arrival), codeVerifier: started.codeVerifier }
  }
  const boxes = (page: Page) =>
    page.forms
      .flatMap(({ fields }) => fields)
      .filter(({ name, type }) => name === 'scope' && type === 'checkbox')
      .map(({ value, disabled }) => [value, disabled] as const)
  const codeIn = (arrival: Awaited<ReturnType<Browser['open']>>, codeVerifier: string) => {
    if (!('left' in arrival)) throw new Error(`no redirect: ${arrival.page.heading} ${arrival.page.text}`)
    const { searchParams } = new URL(arrival.left)
    return { code: searchParams.get('code') ?? `none: ${searchParams}`, codeVerifier }
  }
  const tokensFor = async (who: string, resource: string, scope = all) => {
    const browser = server.newBrowser()
    const { page, codeVerifier } = await ask(browser, who, resource, scope)
    const left = await consent(browser, page, 'all')
    const { resource: _none, ...exchange } = exchangeOf(grant, codeIn(left, codeVerifier))
    return requestTokens(metadata, exchange)
  }
  const refresh = (answer: TokenAnswer, parameters: Record<string, string> = {}) =>
    requestTokens(metadata, {
      ...{ grant_type: 'refresh_token', client_id: grant.clientId },
      ...{ refresh_token: answer.tokens?.refresh_token ?? '', ...parameters },
    })
  const assertion = async (email: string, scope: string) =>
    requestTokens(
      metadata,
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: await idp.assert({
          claims: {
            ...{ sub: email, email, aud: server.issuer, client_id: machine.clientId, resource: tickets, scope },
          },
        }),
      },
      { authorization: machine.authorization },
    )
  const summary = ({ status, error, tokens }: TokenAnswer) => error ?? `${status} ${tokens?.scope}`

  describe.each(people)('%s', (who, groupNames, allowed) => {
    it.each([
      [tickets, allowed],
      [files, all],
    ])('may give at %s: page, tokens, refresh', async (resource, expected) => {
      const { page } = await ask(server.newBrowser(), who, resource)
      const disabled = all.split(' ').filter((scope) => !expected.split(' ').includes(scope))
      expect(boxes(page)).toEqual(all.split(' ').map((scope) => [scope, disabled.includes(scope)]))
      expect(page.text.includes('Your groups may not allow this')).toBe(disabled.length > 0)
      const first = await tokensFor(who, resource)
      expect(summary(first)).toBe(`200 ${expected}`)
      expect(decodeJwt(first.tokens?.access_token ?? '')['scope']).toBe(expected)
      expect(summary(await refresh(first, { scope: first.tokens?.scope ?? '' }))).toBe(`200 ${expected}`)
    })

    it.each(all.split(' '))('gets no more from a form with the box of %s', async (scope) => {
      const browser = server.newBrowser()
      const { page, codeVerifier } = await ask(browser, who, tickets)
      const form = page.forms.find(({ buttons }) => buttons.some(({ text }) => text === 'Allow'))
      const hidden = form?.fields.filter(({ type }) => type === 'hidden').map(({ name, value }) => [name, value]) ?? []
      const posted = { ...Object.fromEntries(hidden), scope, decision: 'allow', deliberate: '1' }
      let arrival = await browser.post(new URL(form?.action ?? '', page.url).href, posted, page.url)
      if (!('left' in arrival) && isConsentPage(arrival.page) === false) {
        const number = /\b\d{3}\b/.exec(arrival.page.text)?.[0]
        arrival = await browser.press(arrival.page, 'Allow', number === undefined ? {} : { number })
      }
      if (!allowed.split(' ').includes(scope)) {
        expect('left' in arrival && new URL(arrival.left).searchParams.has('code')).toBe(false)
        return
      }
      const { resource: _none, ...exchange } = exchangeOf(grant, codeIn(arrival, codeVerifier))
      const { tokens } = await requestTokens(metadata, exchange)
      expect(tokens?.scope?.split(' ')).toEqual(expect.arrayContaining([scope]))
      for (const each of tokens?.scope?.split(' ') ?? []) expect(allowed.split(' ')).toContain(each)
    })

    it('gives a device the same', async () => {
      const client = { server: metadata, clientId: grant.clientId }
      const device = await startDevice(client, { resource: tickets, scope: all })
      const browser = server.newBrowser()
      const typed = await browser.press(pageOf(await browser.open(device.verification_uri_complete)), 'Continue')
      await consent(browser, pageOf(await signIn(browser, pageOf(typed), accountOf(who))), 'all')
      expect(summary(await poll(client, device.device_code))).toBe(`200 ${allowed}`)
    })

    it('gets the same by an identity assertion', async () => {
      expect(summary(await assertion(`${who}@example.com`, all))).toBe(`200 ${allowed}`)
    })

    it('gives a client that never asks the same, and after leaving all groups less', async () => {
      const operators = `${who}-${kind}-first-party`
      await server.clients.save(
        operators,
        {
          ...{ client_id: operators, client_name: 'Portal', redirect_uris: ['https://portal.example.com/callback'] },
          ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
          ...{ token_endpoint_auth_method: 'none', consent: 'none' },
        },
        'static',
      )
      const browser = server.newBrowser()
      await ask(browser, who, files)
      const silent = async () => {
        const started = startAuthorization(metadata, {
          ...{ clientId: operators, redirectUri: 'https://portal.example.com/callback', scope: all, resource: tickets },
        })
        const url = new URL(started.url)
        url.searchParams.set('prompt', 'none')
        const left = await browser.open(url.href)
        const { resource: _none, ...exchange } = exchangeOf(
          { ...grant, clientId: operators, redirectUri: 'https://portal.example.com/callback' },
          codeIn(left, started.codeVerifier),
        )
        if (exchange.code?.startsWith('none')) return exchange.code
        return summary(await requestTokens(metadata, exchange))
      }
      expect(await silent()).toBe(`200 ${allowed}`)
      const email = `${who}@example.com`
      for (const each of groupNames) expect(await members.remove(each, email)).toBe(true)
      expect(await silent()).toBe('200 read')
      for (const each of groupNames) await members.add(each, email, 'command')
    })
  })

  it('is felt at the next refresh: by leaving, by another rule, by an address that is no longer listed', async () => {
    const email = 'support@example.com'
    const first = await tokensFor('support', tickets)
    await members.remove('support', email)
    const second = await refresh(first)
    expect(summary(second)).toBe('200 read')
    // What was dropped cannot be asked for.
    const third = await refresh(second, { scope: 'read write' })
    expect(third.tokens?.scope ?? third.error).not.toContain('write')
    const groups = declarations.current().groups ?? []
    const listed = groups.map((each) => (each.name === 'support' ? group('support', email) : each))
    declarations.replace({ groups: listed })
    const fourth = await refresh(third.tokens === undefined ? second : third)
    expect(summary(fourth)).toBe('200 read write')
    declarations.replace({ groups, resources: [shut, unruled] })
    expect(summary(await refresh(fourth))).toBe('invalid_grant')
    expect(server.logLines.join('\n')).toContain('refused by gatehouse.yaml:9:5 (access of tickets)')
    declarations.replace({ resources: [ruled, unruled] })
    expect(summary(await refresh(fourth))).toBe('200 read')
    await members.add('support', email, 'command')
  })

  it('names nobody may give anything: a page that says so, with the way to another account', async () => {
    declarations.replace({ resources: [shut, unruled] })
    const browser = server.newBrowser()
    const { page } = await ask(browser, 'nobody', tickets)
    expect([page.status, page.heading]).toEqual([
      403,
      expect.stringMatching(/^You may not give .* this access to Tickets/),
    ])
    expect(page.text).toMatch(/ask the people who run Gatehouse/)
    const other = pageOf(await browser.press(page, 'Use another account'))
    const consentPage = pageOf(await signIn(browser, other, accountOf('support')))
    expect(boxes(consentPage).filter(([, disabled]) => !disabled)).toEqual([['read', false]])
    const { page: again } = await ask(server.newBrowser(), 'nobody', tickets)
    const left = await browser.press(again, /^Go back to/).catch(() => undefined)
    expect(left === undefined || 'page' in left).toBe(true)
    expect(summary(await assertion('nobody@example.com', 'read'))).toBe('invalid_scope')
  })

  it('counts an address only while a verified account has it', async () => {
    const { prisma } = server.storage
    const early = 'early@example.com'
    expect(await members.add('support', early, 'command')).toBe(true)
    expect(await members.add('support', early, 'command')).toBe(false)
    const { id } = await server.addAccount(early)
    await prisma.account.update({ where: { id }, data: { emailVerified: false } })
    const given = async () => summary(await tokensFor('early', tickets))
    expect(await given()).toBe('200 read')
    await prisma.account.update({ where: { id }, data: { emailVerified: true } })
    expect(await given()).toBe('200 read write')
    // Of the account, not of the address, from a change of address on.
    await prisma.account.update({ where: { id }, data: { email: 'renamed@example.com' } })
    expect(summary(await tokensFor('renamed', tickets))).toBe('200 read write')
    const other = await server.addAccount(early)
    expect(await given()).toBe('200 read')
    for (const account of [id, other.id]) await prisma.account.delete({ where: { id: account } })
    await server.addAccount('renamed@example.com')
    expect(summary(await tokensFor('renamed', tickets))).toBe('200 read')
  })

  it('makes members of accounts that an assertion makes', async () => {
    await members.add('owners', 'new@example.com', 'invitation')
    expect(summary(await assertion('new@example.com', all))).toBe(`200 ${all}`)
    expect(summary(await assertion('new@example.com', all))).toBe(`200 ${all}`)
  })

  it('knows no group that is not declared', async () => {
    await members.add('ghosts', 'nobody@example.com', 'command')
    declarations.replace({ resources: [{ ...ruled, access: { everyone: ['read'], ghosts: 'all' } }, unruled] })
    expect(summary(await tokensFor('nobody', tickets))).toBe('200 read')
  })
})
