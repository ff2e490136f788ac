/** Step-up in two rounds (MCP authorization, "step-up"): a person allows little, then more, says no once, and yes in the end. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { consent, isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { callTool, structured } from '../support/mcp-request.js'
import {
  discover,
  type Grant,
  newGrant,
  redeem,
  refresh,
  startAuthorization,
  type Tokens,
} from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

describeOnDatabases('a client asks for more as it needs it (%s)', (database) => {
  let stack: Stack
  let browser: Browser
  let grant: Grant

  beforeAll(async () => {
    stack = await startStack({ database })
    browser = stack.newBrowser()
    grant = await newGrant(stack)
  })
  afterAll(() => stack.close())

  /** The first scope of each page that came up again. */
  const remindedOf: string[] = []

  /** Asks for a scope, shows the consent page to `look`, allows `allow` there, and redeems the code. */
  async function authorizeFor(scope: string, allow: readonly string[], look: (page: Page) => void): Promise<Tokens> {
    const { url, codeVerifier } = startAuthorization(grant.server, { ...grant, scope })
    const first = pageOf(await browser.open(url))
    const page = isSignInPage(first) ? pageOf(await signIn(browser, first, stack.account)) : first
    expect(isConsentPage(page)).toBe(true)
    look(page)
    let arrival = await consent(browser, page, allow)
    // Nothing new is ticked: the page says so once, and takes the same answer then.
    if ('page' in arrival && arrival.page.text.includes('What is new is not ticked')) {
      remindedOf.push(...names(arrival.page).slice(0, 1))
      arrival = await consent(browser, arrival.page, allow)
    }
    if (!('left' in arrival)) throw new Error(`still on ${arrival.page.heading}`)
    const { tokens, error } = await redeem(grant, new URL(arrival.left).searchParams.get('code') ?? '', codeVerifier)
    if (tokens === undefined) throw new Error(`the token endpoint answered ${error}`)
    return tokens
  }

  /** What the 403 of a call tells the client to ask for. */
  async function challengedScope(tokens: Tokens, tool: string, input: Record<string, unknown>): Promise<string> {
    const { status, challenge } = await callTool(stack.resource, tokens.access_token, tool, input)
    expect([status, challenge['error']]).toEqual([403, 'insufficient_scope'])
    return challenge['scope'] ?? ''
  }

  const scopesOf = ({ scope }: Tokens) => scope?.split(' ').sort()
  const names = (page: Page) => scopesOn(page).map(({ name }) => name)
  /** The part of the page above what was allowed before. */
  const allowedBefore = (page: Page) => /Allowed before: (.*?)(?: notes:|$)/s.exec(page.text)?.[1]

  it('goes through two rounds of step-up, a refusal among them, and never loops', async () => {
    const { challenge } = await discover(stack.resource)
    expect(challenge['scope']).toBe('notes:read notes:write')
    let tokens = await authorizeFor(challenge['scope'] ?? '', ['notes:read'], (page) => {
      expect(page.heading).toBe('Journey client wants access to Gatehouse Notes')
      expect(page.text).not.toContain('Allowed before')
    })
    expect(scopesOf(tokens)).toEqual(['notes:read'])

    // First round: writing. The challenge repeats what the client has.
    const note = { title: 'One', body: 'First' }
    const toWrite = await challengedScope(tokens, 'create_note', note)
    expect(toWrite.split(' ').sort()).toEqual(['notes:read', 'notes:write'])
    const readOnly = tokens
    tokens = await authorizeFor(toWrite, ['notes:read', 'notes:write'], (page) => {
      expect(page.heading).toBe('Journey client wants more access to Gatehouse Notes')
      expect(names(page)).toEqual(['notes:write', 'notes:read'])
      expect(allowedBefore(page)).toMatch(/^Read your notes/)
      expect(scopesOn(page).every(({ ticked }) => ticked)).toBe(true)
    })
    const { id } = structured(await callTool(stack.resource, tokens.access_token, 'create_note', note))
    structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))

    // Second round: deleting, and the person says no to just that. Nothing is lost, and nothing loops.
    const toDelete = await challengedScope(tokens, 'delete_note', { id })
    expect(toDelete.split(' ').sort()).toEqual(['notes:delete', 'notes:read', 'notes:write'])
    tokens = await authorizeFor(toDelete, ['notes:read', 'notes:write'], (page) => {
      expect(names(page)[0]).toBe('notes:delete')
    })
    expect(scopesOf(tokens)).toEqual(['notes:read', 'notes:write'])
    expect(remindedOf).toEqual(['notes:delete'])
    structured(await callTool(stack.resource, tokens.access_token, 'read_note', { id }))

    // Asked again, it is offered again, as new; now the person agrees.
    expect(await challengedScope(tokens, 'delete_note', { id })).toBe(toDelete)
    tokens = await authorizeFor(toDelete, toDelete.split(' '), (page) => {
      expect(names(page)[0]).toBe('notes:delete')
      expect(allowedBefore(page)).toContain('Write and change your notes')
    })
    structured(await callTool(stack.resource, tokens.access_token, 'delete_note', { id }))
    expect(remindedOf).toHaveLength(1)
    const refreshed = await refresh(grant, tokens.refresh_token ?? '')
    expect(refreshed.tokens?.scope?.split(' ')).toHaveLength(3)

    // Each round had a grant of its own: the earlier ones neither grew nor ended.
    expect((await refresh(grant, readOnly.refresh_token ?? '')).tokens?.scope).toBe('notes:read')
  })

  it('takes back what was allowed before when it is unticked, and asks for it as new the next time', async () => {
    const narrowed = await authorizeFor('notes:read notes:write', ['notes:read'], (page) => {
      expect(page.heading).toBe('Journey client wants access to Gatehouse Notes')
    })
    expect(scopesOf(narrowed)).toEqual(['notes:read'])
    await authorizeFor('notes:read notes:write', ['notes:read'], (page) => {
      expect(names(page)).toEqual(['notes:write', 'notes:read'])
    })
  })

  it('counts what a broader scope brought as allowed before, and never adds it to a request', async () => {
    await authorizeFor('notes:write', ['notes:write'], () => undefined)
    const tokens = await authorizeFor('notes:read', ['notes:read'], (page) => {
      expect(page.text).toContain('Allowed before')
    })
    expect(scopesOf(tokens)).toEqual(['notes:read'])
    const writing = await authorizeFor('notes:write', ['notes:write'], () => undefined)
    structured(await callTool(stack.resource, writing.access_token, 'list_notes'))
  })
})
