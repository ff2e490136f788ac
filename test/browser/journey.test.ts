/** The journey in a real browser: what only Chromium can prove is that cookies, policies and redirects work together. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import {
  type CallbackListener,
  confirmWithChromium,
  consentWithChromium,
  launchChromium,
  signInWithChromium,
  startCallbackListener,
} from '../support/chromium.js'
import { deviceCodeGrant, poll, startDevice } from '../support/device-client.js'
import { callTool, structured } from '../support/mcp-request.js'
import { discover, type Grant, redeem, register, startAuthorization } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

describe('sign-in, consent and tool call in Chromium', () => {
  let stack: Stack
  let chromium: Browser
  let context: BrowserContext
  let page: Page
  let callback: CallbackListener
  let grant: Grant
  const complaints: string[] = []

  beforeAll(async () => {
    stack = await startStack({ database: 'embedded' })
    chromium = await launchChromium()
    callback = await startCallbackListener()
    const { serverMetadata } = await discover(stack.resource)
    const { client_id: clientId } = await register(serverMetadata, { redirect_uris: [callback.redirectUri] })
    grant = { server: serverMetadata, clientId, redirectUri: callback.redirectUri, resource: stack.resource }
  })
  afterAll(async () => {
    await chromium.close()
    await callback.close()
    await stack.close()
  })
  beforeEach(async () => {
    complaints.length = 0
    // No page needs a script, so this person runs none.
    context = await chromium.newContext({ javaScriptEnabled: false })
    page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
  })
  afterEach(() => context.close())

  async function openConsent(scope = 'notes:read notes:write') {
    const started = startAuthorization(grant.server, { ...grant, scope })
    await page.goto(started.url)
    await signInWithChromium(page, stack.account)
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
    return started
  }

  it('ends with a token that calls a tool, and nothing on the way is blocked', async () => {
    const { codeVerifier, state } = await openConsent()
    await consentWithChromium(page)
    const parameters = await callback.received()
    expect(parameters.get('state')).toBe(state)
    await page.getByRole('heading', { name: 'The client has its answer' }).waitFor()
    const { tokens } = await redeem(grant, parameters.get('code') ?? '', codeVerifier)
    const note = { title: 'From Chromium', body: 'b' }
    expect(structured(await callTool(stack.resource, tokens?.access_token, 'create_note', note))['id']).toBeDefined()
    expect(complaints).toEqual([])
  })

  it('needs no mouse: tab and enter lead through both pages', async () => {
    const started = startAuthorization(grant.server, { ...grant, scope: 'notes:read notes:write' })
    await page.goto(started.url)
    await page.getByLabel('Email').focus()
    await page.keyboard.type(stack.account.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(stack.account.password)
    await page.keyboard.press('Enter')
    const allow = page.getByRole('button', { name: 'Allow', exact: true })
    await allow.waitFor()
    for (let stops = 0; stops < 30; stops += 1) {
      await page.keyboard.press('Tab')
      if (await page.locator('button[value=allow]:focus').count()) break
    }
    await page.keyboard.press('Enter')
    await confirmWithChromium(page, 'keyboard')
    expect((await callback.received()).has('code')).toBe(true)
  })

  it('denies', async () => {
    await openConsent()
    await page.getByRole('button', { name: 'Deny', exact: true }).click()
    expect((await callback.received()).get('error')).toBe('access_denied')
  })

  it('unticks a scope', async () => {
    const { codeVerifier } = await openConsent()
    await consentWithChromium(page, ['notes:read'])
    const { tokens } = await redeem(grant, (await callback.received()).get('code') ?? '', codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
  })

  it('uses another account', async () => {
    await openConsent()
    await page.getByRole('button', { name: 'Use another account' }).click()
    await signInWithChromium(page, stack.account)
    await consentWithChromium(page)
    expect((await callback.received()).has('code')).toBe(true)
  })

  it('opens the page again after the answer: it says that the answer was given', async () => {
    await openConsent()
    const shown = page.url()
    await consentWithChromium(page)
    await callback.received()
    await page.getByRole('heading', { name: 'The client has its answer' }).waitFor()
    // Not by the back button: without scripts the page before is the answer to a form, which Chromium does not show again.
    await page.goto(shown)
    await page.getByRole('heading', { name: 'This step is already done' }).waitFor()
  })

  it('hands the answer over to be pasted elsewhere, and reaches nothing on this computer', async () => {
    const started = await openConsent('notes:read')
    await page.getByText('The program runs on another computer').click()
    await page.getByRole('button', { name: 'Allow and show the answer' }).click()
    await confirmWithChromium(page)
    await page.getByRole('heading', { name: 'Allowed. Now take this to the program' }).waitFor()
    const address = (await page.locator('[data-part=address]').textContent()) ?? ''
    const code = (await page.locator('[data-part=code]').textContent()) ?? ''
    const { tokens } = await redeem(grant, code.trim(), started.codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
    expect(complaints).toEqual([])
    // What is pasted where the program waits reaches it there; until then nothing had.
    await fetch(address.trim())
    expect((await callback.received()).get('state')).toBe(started.state)
  })

  it('connects a device by keyboard alone: code, sign-in, consent', async () => {
    const { client_id: clientId } = await register(grant.server, { grant_types: [deviceCodeGrant, 'refresh_token'] })
    const client = { ...grant, clientId }
    const device = await startDevice(client, { scope: 'notes:read', resource: stack.resource })
    await page.setViewportSize({ width: 360, height: 640 })
    await page.goto(device.verification_uri)
    // `goto` may return before the page has put the caret into the field; keys pressed before that go nowhere.
    await page.locator('[name=user_code]:focus').waitFor()
    await page.keyboard.type(device.user_code.toLowerCase())
    await page.keyboard.press('Enter')
    await signInWithChromium(page, stack.account)
    await page.getByText(device.user_code).waitFor()
    await page.locator('button[value=allow]').focus()
    await page.keyboard.press('Enter')
    await confirmWithChromium(page, 'keyboard')
    await page.getByRole('heading', { name: 'You can close this window' }).waitFor()
    expect((await poll(client, device.device_code)).tokens?.scope).toBe('notes:read')
    expect(complaints).toEqual([])
  })

  it('keeps two sign-ins in two tabs apart', async () => {
    const first = await openConsent('notes:read')
    const otherTab = await context.newPage()
    const second = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    await otherTab.goto(second.url)
    if (await otherTab.getByLabel('Password').count()) await signInWithChromium(otherTab, stack.account)
    await consentWithChromium(otherTab)
    expect((await callback.received()).get('state')).toBe(second.state)
    await consentWithChromium(page)
    expect((await callback.received()).get('state')).toBe(first.state)
  })

  it('shows people who open the MCP URL how to connect', async () => {
    const answer = await page.goto(stack.resource)
    expect(answer?.status()).toBe(200)
    expect(await page.locator('body').textContent()).toContain(stack.resource)
    expect(complaints).toEqual([])
  })
})
