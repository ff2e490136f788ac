/** The connect page in Chromium: Copy buttons, and the page without its script. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { connectSamples } from '../../src/cli/page-samples/connect-samples.js'
import { launchChromium } from '../support/chromium.js'
import { type SampleServer, serveSamplePages } from '../support/sample-pages.js'

const sample = 'sparse'
const codes = [
  connectSamples[sample]?.resourceUrl ?? '',
  ...(connectSamples[sample]?.clients ?? []).map(({ code }) => code),
]

describe('The connect page in Chromium', () => {
  let chromium: Browser
  let server: SampleServer
  let context: BrowserContext | undefined
  const complaints: string[] = []

  beforeAll(async () => {
    chromium = await launchChromium()
    server = await serveSamplePages()
  })
  afterEach(async () => {
    await context?.close()
    expect(complaints.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await chromium.close()
    await server.close()
  })

  async function open(options: BrowserContextOptions = {}, before?: string): Promise<Page> {
    context = await chromium.newContext(options)
    const page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    if (before !== undefined) await page.addInitScript(before)
    await page.goto(`${server.origin}/connect/${sample}`)
    if (options.javaScriptEnabled !== false)
      await page.evaluate('for (const client of document.querySelectorAll("details")) client.open = true')
    return page
  }

  const buttonsOf = (page: Page) => page.getByRole('button', { name: /^Cop(y|ied)/ })
  const copied = (page: Page): Promise<string> => page.evaluate('navigator.clipboard.readText()')

  it('copies each text exactly, by keyboard too, and says so', async () => {
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    const buttons = await buttonsOf(page).all()
    expect(buttons).toHaveLength(codes.length)
    for (const [index, button] of buttons.entries()) {
      expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44)
      await button.focus()
      await page.keyboard.press('Enter')
      await button.getByText('Copied').waitFor()
      expect([index, await copied(page)]).toEqual([index, codes[index]])
    }
    expect(await page.getByRole('status').textContent()).toBe('Copied')
  })

  it('tells the buttons apart for a screen reader', async () => {
    const page = await open()
    const names = await buttonsOf(page).allTextContents()
    expect(names.slice(0, 3)).toEqual(['Copy: Address', 'Copy: Claude Code', 'Copy: VS Code'])
    expect(new Set(names).size).toBe(names.length)
  })

  it('copies where there is no clipboard, as at plain http', async () => {
    const page = await open(
      { permissions: ['clipboard-read', 'clipboard-write'] },
      `window.real = navigator.clipboard; Object.defineProperty(navigator, 'clipboard', { value: undefined })`,
    )
    await buttonsOf(page).nth(1).click()
    await page.getByRole('status').getByText('Copied').waitFor()
    expect(await page.evaluate('window.real.readText()')).toBe(codes[1])
  })

  it('selects the text, and says so where it is seen, when the browser does not let it copy', async () => {
    const page = await open(
      {},
      `Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } })`,
    )
    await buttonsOf(page).nth(1).click()
    await page.getByRole('status').getByText('The browser did not let us copy').waitFor()
    expect(await page.evaluate('String(getSelection())')).toBe(codes[1])
    expect(await page.getByRole('status').isVisible()).toBe(true)
  })

  it('shows no button that does nothing: there is none without scripts', async () => {
    const page = await open({ javaScriptEnabled: false })
    await page.locator('summary').getByText('VS Code').click()
    expect(await page.getByText('claude mcp add').isVisible()).toBe(true)
    expect(await page.getByRole('button').count()).toBe(0)
    expect(await page.getByText('Copy', { exact: true }).first().isVisible()).toBe(false)
    expect(await page.getByRole('link', { name: 'Add to VS Code' }).getAttribute('href')).toMatch(/^vscode:mcp/)
  })
})
