/** Passkeys in Chromium with its virtual authenticator, by keyboard alone: added on the security page, used on the way to a client. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { type CallbackListener, launchChromium, startCallbackListener } from '../support/chromium.js'
import { discover, type Grant, register, startAuthorization } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

describe('Passkeys in Chromium', () => {
  let stack: Stack
  let chromium: Browser
  let context: BrowserContext
  let page: Page
  let callback: CallbackListener
  let grant: Grant
  let issuer: string
  const complaints: string[] = []

  beforeAll(async () => {
    stack = await startStack({ database: 'embedded' })
    chromium = await launchChromium()
    callback = await startCallbackListener()
    const { serverMetadata } = await discover(stack.resource)
    issuer = serverMetadata.issuer
    const { client_id: clientId } = await register(serverMetadata, { redirect_uris: [callback.redirectUri] })
    grant = { server: serverMetadata, clientId, redirectUri: callback.redirectUri, resource: stack.resource }
    context = await chromium.newContext()
    page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    const session = await context.newCDPSession(page)
    await session.send('WebAuthn.enable', { enableUI: false })
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    })
  })
  afterAll(async () => {
    await chromium.close()
    await callback.close()
    await stack.close()
  })

  const press = async (target: Locator) => {
    for (let stops = 0; stops < 40; stops += 1) {
      if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) {
        return page.keyboard.press('Enter')
      }
      await page.keyboard.press('Tab')
    }
    throw new Error('the keyboard does not get there')
  }

  it('are added on the security page, and the page says so', async () => {
    await page.goto(`${issuer}/account/security`)
    await page.getByLabel('Email').focus()
    await page.keyboard.type(stack.account.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(stack.account.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Passkeys' }).waitFor()
    await press(page.getByRole('button', { name: 'Add a passkey' }))
    await page.getByText('Passkey added.').waitFor()
    expect(complaints).toEqual([])
  })

  it('are in the list of the browser on the sign-in page, and lead to the consent page without an address or a password', async () => {
    await context.clearCookies()
    const started = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    // The virtual device answers the page's own request at once, as if the person chose the passkey from the list.
    await page.goto(started.url)
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
    expect(await page.getByText(stack.account.email).count()).toBeGreaterThan(0)
    expect(complaints).toEqual([])
  })

  it('have a page of their own, whose button asks the device', async () => {
    await context.clearCookies()
    await page.goto(`${issuer}/account/sign-in/passkey`)
    await press(page.getByRole('button', { name: 'Continue' }))
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('say so when the person has none here, and the other ways stay', async () => {
    const other = await chromium.newContext()
    const bare = await other.newPage()
    const session = await other.newCDPSession(bare)
    await session.send('WebAuthn.enable', { enableUI: false })
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
      },
    })
    await bare.goto(`${issuer}/account/sign-in/passkey`)
    await bare.getByRole('button', { name: 'Continue' }).click()
    await bare.getByText('No passkey was used.').waitFor()
    await bare.getByRole('link', { name: 'Sign in another way' }).click()
    await bare.getByLabel('Password').waitFor()
    await other.close()
  })
})
