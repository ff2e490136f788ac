/**
 * Takes pictures of the pages for people to look at: `SCREENSHOT_FOLDER=<folder> npm run screenshots` writes every page with every sample there,
 * light, dark and at phone width; SCREENSHOT_ONLY=<pattern> keeps those whose `/<view>/<sample> <look>` fits, SCREENSHOT_LANGUAGE=<language>
 * takes them in another language. Those of the manual are pictures.test.ts.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumPath } from '../support/machine.mjs'
import { samplePages, serveSamplePages } from '../support/sample-pages.js'

interface Look {
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
  readonly height: number
}

const light: Look = { colorScheme: 'light', width: 560, height: 400 }
const dark: Look = { ...light, colorScheme: 'dark' }
const phone: Look = { colorScheme: 'light', width: 360, height: 640 }
const darkPhone: Look = { ...phone, colorScheme: 'dark' }

let browser: Browser
let server: Awaited<ReturnType<typeof serveSamplePages>>

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
  })
  server = await serveSamplePages(process.env['ACCENT_COLOR'])
})

afterAll(async () => {
  await browser.close()
  await server.close()
})

function openPage({ colorScheme, width, height }: Look): Promise<Page> {
  const locale = process.env['SCREENSHOT_LANGUAGE'] ?? 'en'
  return browser.newPage({ viewport: { width, height }, colorScheme, locale, bypassCSP: true })
}

async function photograph(page: Page, path: string, file: string): Promise<void> {
  await page.goto(server.origin + path)
  // Machines without a desktop have no font of their own for `system-ui`; this one is near what most people see.
  await page.addStyleTag({ content: 'html { font-family: "Liberation Sans", system-ui }' })
  await page.screenshot({ path: file, fullPage: true })
}

async function takeEveryPage(folder: string, only: RegExp): Promise<void> {
  const looks = { light, dark, phone, 'phone-dark': darkPhone }
  for (const [look, settings] of Object.entries(looks)) {
    const samples = samplePages.filter(({ path }) => only.test(`${path} ${look}`))
    if (samples.length === 0) continue
    const page = await openPage(settings)
    for (const { view, sample, path } of samples)
      await photograph(page, path, join(folder, `${view}-${sample.replaceAll(/\W+/g, '-')}-${look}.png`))
    await page.close()
  }
}

describe('pictures of the pages', () => {
  const folder = process.env['SCREENSHOT_FOLDER']
  const only = new RegExp(process.env['SCREENSHOT_ONLY'] ?? '')
  it('are written', async () => {
    if (folder === undefined) throw new Error('say where: SCREENSHOT_FOLDER=<folder>')
    mkdirSync(folder, { recursive: true })
    await takeEveryPage(folder, only)
  }, 1_800_000)
})
