/**
 * Takes pictures of the pages: `npm run screenshots` writes those of the README into docs/. With SCREENSHOT_FOLDER=<folder> it
 * writes every page with every sample there, light, dark and at phone width, for people to look at.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { type Browser, chromium } from 'playwright-core'
import { chromiumPath } from '../support/machine.mjs'
import { type SamplePage, samplePages, serveSamplePages } from '../support/sample-pages.js'

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

async function take(path: string, look: Look, file: string, deviceScaleFactor = 1): Promise<void> {
  const { colorScheme, width, height } = look
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor, bypassCSP: true })
  await page.goto(server.origin + path)
  // Machines without a desktop have no font of their own for `system-ui`; this one is near what most people see.
  await page.addStyleTag({ content: 'html { font-family: "Liberation Sans", system-ui }' })
  await page.screenshot({ path: file, fullPage: true })
  await page.close()
}

async function takeEveryLook(folder: string, { view, sample, path }: SamplePage): Promise<void> {
  const name = `${view}-${sample.replaceAll(/\W+/g, '-')}`
  const looks = { light, dark, phone, 'phone-dark': darkPhone }
  for (const [look, settings] of Object.entries(looks)) await take(path, settings, join(folder, `${name}-${look}.png`))
}

describe('pictures of the pages', () => {
  const folder = process.env['SCREENSHOT_FOLDER']
  const only = new RegExp(process.env['SCREENSHOT_ONLY'] ?? '')
  it('are written', async () => {
    if (folder === undefined) {
      await take('/consent/verified', light, 'docs/consent-light.png', 1.25)
      await take('/consent/verified', dark, 'docs/consent-dark.png', 1.25)
      await take('/consent/loopback', phone, 'docs/consent-phone.png', 1.25)
      await take('/sign-in/first', light, 'docs/sign-in.png', 1.25)
      return
    }
    mkdirSync(folder, { recursive: true })
    for (const sample of samplePages) if (only.test(sample.path)) await takeEveryLook(folder, sample)
  }, 300_000)
})
