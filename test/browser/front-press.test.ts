/**
 * Presses that a person did not mean for the page of the issuer front, with Chromium's own mouse: where the server upstream asks nothing, a
 * blind one would send the code to whoever registered.
 */
import { createServer, type Server } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type FrontWorld, startFrontWorld } from '../issuer-front/front-world.js'
import { attackerPage, decoyPage, popupOpener } from '../support/attacker-pages.js'
import { launchChromium } from '../support/chromium.js'
import { listenOn } from '../support/opened.js'

describe('The page of the issuer front', () => {
  let world: FrontWorld
  let chromium: Browser
  let attacker: Server
  let attackerOrigin: string
  let target = ''
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    world = await startFrontWorld()
    chromium = await launchChromium()
    attacker = createServer((request, response) => {
      response.setHeader('content-type', 'text/html')
      const { pathname, search } = new URL(request.url ?? '', 'http://attacker.test')
      const pages: Record<string, string> = { '/decoy': decoyPage, '/popup': popupOpener(target, search.slice(1)) }
      response.end(pages[pathname] ?? attackerPage(target))
    })
    attackerOrigin = `http://127.0.0.1:${await listenOn(attacker)}`
  })
  afterAll(async () => {
    await chromium?.close()
    await world?.close()
  })

  beforeEach(async () => {
    target = world.authorizeUrl(await world.registered())
  })
  afterEach(() => context.close())

  async function newPage(javaScriptEnabled: boolean): Promise<void> {
    context = await chromium.newContext({ javaScriptEnabled, viewport: { width: 900, height: 900 } })
    page = await context.newPage()
  }

  async function middleOfContinue(): Promise<{ x: number; y: number }> {
    const box = await page.locator('.go').boundingBox()
    if (box === null) throw new Error('nothing to press')
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  }

  const expectStillHere = async () => {
    await page.waitForTimeout(500)
    expect(new URL(page.url()).origin).toBe(world.origin)
  }
  const upstream = () => page.waitForURL((url) => url.origin === world.foreign.issuer)

  it('is not passed by a second click under a window that the first one closed', async () => {
    await newPage(true)
    await page.goto(attackerOrigin)
    const opened = context.waitForEvent('page')
    await page.getByRole('button', { name: 'Claim' }).click()
    const decoy = await opened
    await decoy.waitForLoadState()
    await page.waitForURL(/authorize/)
    await page.locator('.go').waitFor()
    await page.waitForTimeout(1_500)
    const { x, y } = await middleOfContinue()
    await decoy.mouse.move(x, y)
    const closed = decoy.waitForEvent('close')
    await Promise.all([closed, decoy.mouse.down().catch(() => undefined)])
    await page.mouse.move(x, y)
    await page.mouse.click(x, y)
    await expectStillHere()
  })

  it('is not passed by a burst of clicks as it arrives', async () => {
    await newPage(true)
    // The clock of the script stands, however long a busy machine takes to send the clicks.
    await page.clock.install({ time: 0 })
    await page.clock.pauseAt(1_000)
    await page.goto(target)
    const { x, y } = await middleOfContinue()
    for (let click = 0; click < 6; click += 1) await page.mouse.click(x, y)
    await expectStillHere()
    expect(await page.getByRole('status').textContent()).toContain('too quick')
  })

  it('is passed by one press of a person who looks first, by mouse or keyboard', async () => {
    await newPage(true)
    for (const by of ['mouse', 'keyboard']) {
      await page.goto(target)
      const { x, y } = await middleOfContinue()
      await page.mouse.move(x - 60, y - 60)
      await page.waitForTimeout(900)
      if (by === 'mouse') await page.mouse.click(x, y)
      else {
        await page.locator('.go').focus()
        await page.waitForTimeout(500)
        await page.keyboard.press('Enter')
      }
      await upstream()
    }
  })

  it('is not passed by keys typed into a tiny window, nor is the page after it', async () => {
    await newPage(true)
    await page.goto(`${attackerOrigin}/popup?100x100`)
    const opened = context.waitForEvent('page')
    await page.getByRole('button', { name: 'Start' }).click()
    const window = await opened
    await window.locator('.go').waitFor({ state: 'attached' })
    const typeUntil = async (selector: string, key: string): Promise<void> => {
      for (let tabs = 0; tabs < 10; tabs += 1) {
        await window.keyboard.press('Tab')
        await window.waitForTimeout(150)
        if (await window.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`)) break
      }
      await window.waitForTimeout(800)
      await window.keyboard.press(key)
    }
    await typeUntil('a.go', 'Enter')
    const heading = window.getByRole('heading', { name: 'Did you start this yourself?' })
    await heading.waitFor({ state: 'attached' })
    for (const key of ['Space', 'Enter']) {
      await window.waitForTimeout(1_100)
      await typeUntil('button.go', key)
    }
    await window.waitForTimeout(500)
    expect(new URL(window.url()).origin).toBe(world.origin)
    await heading.waitFor({ state: 'attached' })
  })

  it.each([360, 1_200])(
    'keeps its ways on within a window of %i px, whatever a program calls itself',
    async (width) => {
      await newPage(true)
      await page.setViewportSize({ width, height: 900 })
      for (const name of [
        '\u1100'.repeat(190),
        '\u0e01\u0e33'.repeat(2) + '\u0e33'.repeat(150),
        'W'.repeat(200),
        'क्'.repeat(90),
      ]) {
        const url = world.authorizeUrl(await world.registered({ client_name: name }))
        for (const shown of [url, url.replace('/authorize?', '/authorize/confirm?')]) {
          await page.goto(shown)
          const overflow = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          )
          expect([name.slice(0, 3), overflow]).toEqual([name.slice(0, 3), 0])
          for (const way of [page.locator('.go'), page.getByRole('link', { name: 'Cancel' })]) {
            const box = await way.boundingBox()
            expect(box === null ? -1 : box.x).toBeGreaterThanOrEqual(0)
            expect(box === null ? width : box.x + box.width).toBeLessThan(width)
          }
        }
      }
    },
  )

  it('is passed without scripts on a second page, by its number and a press, and not by presses at one place', async () => {
    await newPage(false)
    await page.goto(target)
    for (let presses = 0; presses < 4; presses += 1) {
      const { x, y } = await middleOfContinue()
      await page.mouse.click(x, y)
      await page.waitForTimeout(1_200)
    }
    await page.getByRole('heading', { name: 'Did you start this yourself?' }).waitFor()
    await expectStillHere()
    const [, number = ''] = /type (\d{3})/.exec((await page.locator('label').textContent()) ?? '') ?? []
    await page.getByLabel('I have just started this myself').fill(number)
    await page.getByRole('button', { name: 'Continue to sign in' }).click()
    await upstream()
  })
})
