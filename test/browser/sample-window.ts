/** The sample pages and a browser for them, for the tests of one file. */
import { afterAll, beforeAll } from '@jest/globals'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumPath } from '../support/machine.mjs'
import { type SampleServer, serveSamplePages } from '../support/sample-pages.js'

type WindowOptions = Parameters<Browser['newPage']>[0]

export let browser: Browser
export let server: SampleServer

/** Starts both before the tests of the file that calls it, and closes them after. */
export function useSamplePages(): void {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    })
    server = await serveSamplePages()
  })

  afterAll(async () => {
    await browser.close()
    await server.close()
  })
}

/** A window of its own, closed after use. */
export async function withPage<T>(options: WindowOptions, use: (page: Page) => Promise<T>): Promise<T> {
  const page = await browser.newPage(options)
  try {
    return await use(page)
  } finally {
    await page.close()
  }
}
