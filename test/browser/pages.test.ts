import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { samplePages } from '../support/sample-pages.js'
import { browser, server, useSamplePages, withPage } from './sample-window.js'

useSamplePages()

const hostile = samplePages.filter(({ sample }) => sample.startsWith('hostile'))

describe('names from strangers in a real browser', () => {
  it.each([...new Set(hostile.map(({ view }) => view))])('%s runs nothing of them and calls nobody', async (view) => {
    await withPage({ bypassCSP: false }, async (page) => {
      const seen: string[] = []
      page.on('dialog', (dialog) => seen.push(`dialog ${dialog.message()}`))
      page.on('console', (message) => seen.push(`console ${message.text()}`))
      page.on('request', (request) => {
        if (!request.url().startsWith(server.origin)) seen.push(`request ${request.url()}`)
      })
      for (const { path } of hostile.filter((entry) => entry.view === view)) await page.goto(server.origin + path)
      expect(seen).toEqual([])
    })
  })
})

describe('forms whose mistakes this server explains', () => {
  it.each([
    ['/set-up/first', 'Create account', { Email: 'ada', Password: 'short' }],
    ['/set-up/first', 'Create account', {}],
    ['/device/first', 'Continue', {}],
  ] as const)('%s is sent by %s as it is: no bubble of the browser covers the page', async (path, button, entries) => {
    await withPage({ bypassCSP: false }, async (page) => {
      server.redirectForms('/signed-out/plain')
      await page.goto(server.origin + path)
      for (const [label, text] of Object.entries(entries)) await page.getByLabel(label).fill(text)
      await page.getByRole('button', { name: button }).click()
      await page.waitForURL(`${server.origin}/signed-out/plain`)
    })
  })
})

describe('the way back to the client (RFC 8252 §7)', () => {
  let client: Server
  let clientOrigin: string

  beforeAll(async () => {
    const html = '<!doctype html><title>client</title><p>client'
    client = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html))
    client.listen(0, '127.0.0.1')
    await once(client, 'listening')
    const address = client.address()
    clientOrigin = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
  })

  afterAll(() => {
    client.closeAllConnections()
    client.close()
  })

  /** Sends the consent form of a page served with the given policy; returns what Chromium said about form-action. */
  async function complaintsAfterAllow(page: Page, policy?: string): Promise<string[]> {
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.text().includes('form-action')) complaints.push(message.text())
    })
    await page.route('**/consent/loopback', async (route) => {
      const response = await route.fetch()
      const headers = response.headers()
      await route.fulfill({
        response,
        headers: policy === undefined ? headers : { ...headers, 'content-security-policy': policy },
      })
    })
    await page.goto(`${server.origin}/consent/loopback`)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForTimeout(500)
    return complaints
  }

  it('leads to a client on loopback', async () => {
    server.redirectForms(`${clientOrigin}/callback?code=sample`)
    await withPage({ bypassCSP: false }, async (page) => {
      expect(await complaintsAfterAllow(page)).toEqual([])
      expect(page.url()).toBe(`${clientOrigin}/callback?code=sample`)
    })
  })

  it('leads to a private-use scheme', async () => {
    server.redirectForms('cursor://anysphere.cursor-mcp/oauth/callback?code=sample')
    await withPage({ bypassCSP: false }, async (page) => {
      expect(await complaintsAfterAllow(page)).toEqual([])
    })
  })

  it.each(['client on loopback', 'private-use scheme'])('would be cut to a %s by form-action', async (target) => {
    const callback = target === 'private-use scheme' ? 'cursor://anysphere.cursor-mcp/oauth/callback' : clientOrigin
    server.redirectForms(`${callback}/`)
    await withPage({ bypassCSP: false }, async (page) => {
      expect(await complaintsAfterAllow(page, "form-action 'self'")).not.toEqual([])
    })
  })

  it('keeps a popup tied to the web client that opened it', async () => {
    const context = await browser.newContext()
    const opener = await context.newPage()
    await opener.goto(clientOrigin)
    const opened = context.waitForEvent('page')
    await opener.evaluate(`void window.open(${JSON.stringify(`${server.origin}/consent/verified`)}, '_blank', 'popup')`)
    const popup = await opened
    await popup.waitForURL(/consent/)
    await popup.goto(`${clientOrigin}/callback`)
    expect(await popup.evaluate('window.opener !== null')).toBe(true)
    await context.close()
  })
})
