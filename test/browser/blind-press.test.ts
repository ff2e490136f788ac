/**
 * Presses that a person did not mean for the consent page, with Chromium's own mouse, keyboard and touch events: a window over the page
 * that closes on the first press of a double click (double-click-jacking), double clicks on our own buttons, held keys, double taps.
 * None may allow anything; a person who looks before they press needs one press.
 */
import { createServer, type Server } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { attackerPage, decoyPage, popupOpener, sandboxedOpener } from '../support/attacker-pages.js'
import {
  type CallbackListener,
  launchChromium,
  numberOn,
  signInWithChromium,
  startCallbackListener,
  typeNumber,
} from '../support/chromium.js'
import { discover, type Grant, register, type ServerMetadata, startAuthorization } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

describe('Presses that were not meant for the consent page', () => {
  let stack: Stack
  let chromium: Browser
  let callback: CallbackListener
  let metadata: ServerMetadata
  let grant: Grant
  let attacker: Server
  let attackerOrigin: string
  let target = ''
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    stack = await startStack({ database: 'embedded' })
    chromium = await launchChromium()
    callback = await startCallbackListener()
    const { serverMetadata } = await discover(stack.resource)
    metadata = serverMetadata
    attacker = createServer((request, response) => {
      response.setHeader('content-type', 'text/html')
      const { pathname, search } = new URL(request.url ?? '', 'http://attacker.test')
      const pages: Record<string, string> = {
        '/decoy': decoyPage,
        '/sandbox': sandboxedOpener(target),
        '/popup': popupOpener(target, search.slice(1)),
      }
      response.end(pages[pathname] ?? attackerPage(target))
    })
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve))
    const address = attacker.address()
    attackerOrigin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  })
  afterAll(async () => {
    attacker?.closeAllConnections()
    attacker?.close()
    await chromium?.close()
    await callback?.close()
    await stack?.close()
  })

  /** A client that nobody allowed anything: one that wants more is another matter (step-up-consent.test.ts). */
  async function newClient(): Promise<Grant> {
    const { client_id: clientId } = await register(metadata, { redirect_uris: [callback.redirectUri] })
    return { server: metadata, clientId, redirectUri: callback.redirectUri, resource: stack.resource }
  }

  const request = (): string =>
    startAuthorization(grant.server, { ...grant, scope: 'notes:read notes:write notes:delete' }).url

  beforeEach(async () => {
    grant = await newClient()
    context = await chromium.newContext({ hasTouch: true, viewport: { width: 900, height: 1_800 } })
    page = await context.newPage()
  })
  afterEach(() => context.close())

  /** This browser has a session: the consent page is the first one. */
  async function haveSession(): Promise<void> {
    const other = await newClient()
    await page.goto(startAuthorization(metadata, { ...other, scope: 'notes:read' }).url)
    await signInWithChromium(page, stack.account)
    const press = page.getByRole('button', { name: 'Allow', exact: true })
    await press.hover()
    await page.waitForTimeout(1_100)
    await press.click()
    if (!page.url().startsWith(callback.redirectUri)) {
      await page.getByRole('heading', { name: 'Did you start this yourself?' }).waitFor()
      await page.waitForTimeout(1_100)
      await typeNumber(page)
      await press.click()
    }
    expect((await callback.received()).has('code')).toBe(true)
  }

  /** The consent page as a browser without scripts shows it. */
  async function withoutScripts(): Promise<void> {
    await context.route('**/interaction/**', async (route) => {
      const response = await route.fetch({ maxRedirects: 0 })
      const headers = { ...response.headers() }
      headers['content-security-policy'] = (headers['content-security-policy'] ?? '').replace(/; script-src.*/, '')
      await route.fulfill({ response, headers })
    })
  }

  async function middleOf(name: string): Promise<{ x: number; y: number }> {
    const box = await page.getByRole('button', { name, exact: true }).boundingBox()
    if (box === null) throw new Error(`${name} is not shown`)
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    // A press beside the button would prove nothing.
    const hit = await page.evaluate(`document.elementFromPoint(${middle.x}, ${middle.y})?.textContent`)
    expect(hit).toBe(name)
    return middle
  }

  /**
   * Both taps are on their way before the first one is answered. A tap that waits for the answer to the one before may come after the
   * second in which no page takes a decision: it would be one that can be meant.
   */
  async function doubleTap(at: { x: number; y: number }): Promise<void> {
    const session = await context.newCDPSession(page)
    const types = ['touchStart', 'touchEnd', 'touchStart', 'touchEnd'] as const
    const touch = (type: (typeof types)[number]) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchStart' ? [at] : [] })
    // The page that the first tap opens may end what is still on its way.
    await Promise.allSettled(types.map(touch))
    await session.detach()
  }

  /** The clock of the page's script stands: presses come as the page arrives, however long a busy machine takes to send them. */
  async function standStill(): Promise<void> {
    await page.clock.install({ time: 0 })
    await page.clock.pauseAt(1_000)
  }

  /** Nothing was sent to the client, and the person still looks at a page that asks. */
  async function expectNothingAllowed(): Promise<void> {
    await page.waitForTimeout(300)
    expect(new URL(page.url()).origin).toBe(new URL(stack.issuer).origin)
    await page.getByRole('button', { name: 'Deny', exact: true }).waitFor()
  }

  const allow = (): Promise<void> => page.getByRole('button', { name: 'Allow', exact: true }).waitFor()

  describe.each(['with scripts', 'without scripts'])('%s', (scripts) => {
    beforeEach(async () => {
      if (scripts === 'without scripts') await withoutScripts()
    })

    it('double-click-jacking: the second click, on Allow, which waited under a window that the first one closed', async () => {
      await haveSession()
      target = `${request()}#read-only-hint`
      await page.goto(attackerOrigin)
      const opened = context.waitForEvent('page')
      await page.getByRole('button', { name: 'Claim' }).click()
      const decoy = await opened
      await decoy.waitForLoadState()
      await page.waitForURL(/interaction/)
      await allow()
      // The page was there for long when the person, who sees the window above it, presses.
      await page.waitForTimeout(1_500)
      const { x, y } = await middleOf('Allow')
      await decoy.mouse.move(x, y)
      const closed = decoy.waitForEvent('close')
      await Promise.all([closed, decoy.mouse.down().catch(() => undefined)])
      await page.mouse.move(x, y)
      await page.mouse.click(x, y)
      await expectNothingAllowed()
    })

    it('a burst of ten clicks where Allow is', async () => {
      await haveSession()
      await standStill()
      await page.goto(request())
      await allow()
      const { x, y } = await middleOf('Allow')
      for (let click = 0; click < 10; click += 1) {
        await page.mouse.click(x, y)
        await page.waitForTimeout(120)
      }
      await expectNothingAllowed()
    })

    it('a double tap where Allow is, as the page arrives', async () => {
      await haveSession()
      await standStill()
      await page.goto(request(), { waitUntil: 'commit' })
      await allow()
      await doubleTap(await middleOf('Allow'))
      await expectNothingAllowed()
    })

    it('Enter, held down since the sign-in', async () => {
      await page.goto(request())
      await page.getByLabel('Email').fill(stack.account.email)
      await page.getByLabel('Password').fill(stack.account.password)
      for (let repeats = 0; repeats < 30; repeats += 1) {
        await page.keyboard.down('Enter')
        await page.waitForTimeout(30)
      }
      await allow()
      await expectNothingAllowed()
    })

    it('a double click on Sign in, whose second half lands on Allow', async () => {
      await page.goto(request())
      await page.getByLabel('Email').fill(stack.account.email)
      await page.getByLabel('Password').fill(stack.account.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await allow()
      const { x, y } = await middleOf('Allow')
      await page.mouse.click(x, y)
      await expectNothingAllowed()
    })
  })

  it('any number of presses on Allow, in a window whose opener took its script away', async () => {
    await haveSession()
    target = request()
    await page.goto(`${attackerOrigin}/sandbox`)
    const opened = context.waitForEvent('page')
    await page.frameLocator('iframe').getByRole('link', { name: 'Start' }).click()
    page = await opened
    await allow()
    // Each after a time that a person takes to read.
    for (let presses = 0; presses < 4; presses += 1) {
      await page.waitForTimeout(1_200)
      const { x, y } = await middleOf('Allow')
      await page.mouse.click(x, y)
      await page.waitForLoadState()
    }
    expect(await page.getByLabel('I started this myself').count()).toBe(1)
    await expectNothingAllowed()
  })

  it('a person who looks first needs one press, by mouse, touch or keyboard', async () => {
    await haveSession()
    for (const by of ['mouse', 'touch', 'keyboard'] as const) {
      grant = await newClient()
      await page.goto(request())
      await allow()
      const { x, y } = await middleOf('Allow')
      await page.mouse.move(x - 80, y - 80)
      await page.waitForTimeout(900)
      if (by === 'mouse') await page.mouse.click(x, y)
      else if (by === 'touch') await page.touchscreen.tap(x, y)
      else {
        await page.locator('button[value=allow]').focus()
        await page.waitForTimeout(400)
        await page.keyboard.press('Enter')
      }
      await page.getByRole('heading', { name: 'The client has its answer' }).waitFor()
      expect([by, (await callback.received()).has('code')]).toEqual([by, true])
    }
  })

  /** A popup of this size, opened by the attacker's site, that shows the consent page and has the focus. */
  async function popup(width: number, height: number): Promise<Page> {
    target = request()
    await page.goto(`${attackerOrigin}/popup?${width}x${height}`)
    const opened = context.waitForEvent('page')
    await page.getByRole('button', { name: 'Start' }).click()
    const window = await opened
    await window.getByRole('button', { name: 'Allow', exact: true }).waitFor({ state: 'attached' })
    return window
  }

  /** Presses Tab until the focus is on this element, and then this key; slowly, as a person does who was told to. */
  async function typeUntil(window: Page, selector: string, key: string): Promise<void> {
    for (let tabs = 0; tabs < 40; tabs += 1) {
      await window.keyboard.press('Tab')
      await window.waitForTimeout(150)
      if (await window.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`)) break
    }
    await window.waitForTimeout(600)
    await window.keyboard.press(key)
  }

  it.each([
    ['tiny', 100, 100],
    ['narrow', 280, 900],
    ['flat', 700, 300],
  ])('"Tab, Tab, Space", typed into a %s popup, which the pointer never was over', async (_what, width, height) => {
    await haveSession()
    const window = await popup(width, height)
    await typeUntil(window, 'button[value=allow]', 'Space')
    await window.getByRole('heading', { name: 'Did you start this yourself?' }).waitFor({ state: 'attached' })
    // Whatever else the site has its visitor type: they do not know the number.
    for (let rounds = 0; rounds < 2; rounds += 1) {
      await window.waitForTimeout(1_100)
      await typeUntil(window, 'input[name=number]', 'Space')
      await window.keyboard.type('12')
      await typeUntil(window, 'button[value=allow]', 'Space')
      await window.waitForTimeout(300)
      expect(new URL(window.url()).origin).toBe(new URL(stack.issuer).origin)
    }
    // Whoever reads the page can answer it by keyboard alone.
    await window.getByLabel('I started this myself').fill(await numberOn(window))
    await typeUntil(window, 'button[value=allow]', 'Enter')
    expect((await callback.received()).has('code')).toBe(true)
  })

  it('a window that is zoomed in: the second page, by mouse and keyboard', async () => {
    await haveSession()
    await page.setViewportSize({ width: 320, height: 256 })
    for (const by of ['mouse', 'keyboard'] as const) {
      grant = await newClient()
      await page.goto(request())
      await page.waitForTimeout(900)
      const button = page.getByRole('button', { name: 'Allow', exact: true })
      if (by === 'mouse') {
        await button.hover()
        await page.waitForTimeout(900)
        await button.click()
      } else await typeUntil(page, 'button[value=allow]', 'Enter')
      await page.getByRole('heading', { name: 'Did you start this yourself?' }).waitFor()
      await page.waitForTimeout(1_100)
      await typeNumber(page)
      if (by === 'mouse') await button.click()
      else await typeUntil(page, 'button[value=allow]', 'Enter')
      await page.getByRole('heading', { name: 'The client has its answer' }).waitFor()
      expect([by, (await callback.received()).has('code')]).toEqual([by, true])
    }
  })

  it('keys typed in one breath are asked about once more', async () => {
    await haveSession()
    await page.goto(request())
    await allow()
    await page.waitForTimeout(900)
    await page.locator('button[value=allow]').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Did you start this yourself?' }).waitFor()
    expect(await page.getByLabel('I started this myself').count()).toBe(0)
  })

  it('a person without scripts needs two, on two pages, and a number to type', async () => {
    await withoutScripts()
    await haveSession()
    await page.goto(request())
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.getByRole('heading', { name: 'Did you start this yourself?' }).waitFor()
    await page.waitForTimeout(1_100)
    await typeNumber(page)
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    expect((await callback.received()).has('code')).toBe(true)
  })

  it('no fragment of a link scrolls the page or focuses anything, ids of an earlier look included', async () => {
    await haveSession()
    await page.setViewportSize({ width: 360, height: 320 })
    await page.goto(request())
    await allow()
    const ids: string[] = await page.evaluate('[...document.querySelectorAll("[id]")].map(({ id }) => id)')
    expect(ids.length).toBeGreaterThan(3)
    for (const fragment of ['read-only-hint', 'switch-account', ...ids, ':~:text=Read%20access%20only']) {
      await page.goto(`${request()}#${fragment}`)
      await allow()
      await page.waitForTimeout(150)
      const state = await page.evaluate('[scrollY, document.activeElement === document.body]')
      expect([fragment, state]).toEqual([fragment, [0, true]])
    }
  })
})
