import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumPath } from '../support/machine.mjs'
import { type SampleServer, samplePages, serveSamplePages } from '../support/sample-pages.js'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

let browser: Browser
let server: SampleServer

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

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
}

/** What axe-core finds against WCAG 2.2 AA and its own best practices, as short lines. */
async function violationsOn(page: Page): Promise<string[]> {
  const { violations }: AxeResult = await page.evaluate('axe.run()')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

/** By how much the page is wider than its window. */
function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

async function withPage<T>(options: Parameters<Browser['newPage']>[0], use: (page: Page) => Promise<T>): Promise<T> {
  const page = await browser.newPage(options)
  try {
    return await use(page)
  } finally {
    await page.close()
  }
}

const hostile = samplePages.filter(({ sample }) => sample.startsWith('hostile'))

/** Pages that differ in more than words; the hostile ones differ most where the direction turns. */
const distinct = samplePages.filter(({ view, sample }) =>
  view === 'error'
    ? sample === 'bad-redirect' || sample === 'busy'
    : !sample.startsWith('hostile') || (view === 'consent' && sample === 'hostile rightToLeft'),
)

describe('accessible (axe-core, WCAG 2.2 AA)', () => {
  // One window for all: to open one takes longer than to look. Whoever tries again after a failure gets a new one.
  let shared: Page | undefined

  async function withAxe(use: (page: Page) => Promise<void>): Promise<void> {
    if (shared === undefined) {
      // axe-core is a script of the test's; the pages themselves run none.
      shared = await browser.newPage({ bypassCSP: true, viewport: { width: 360, height: 640 } })
      await shared.addInitScript({ path: axePath })
    }
    try {
      await use(shared)
    } catch (error) {
      await shared.close()
      shared = undefined
      throw error
    }
  }

  it.each(distinct)('$view: $sample, in light and in dark colours', async ({ path }) => {
    await withAxe(async (page) => {
      await page.goto(server.origin + path)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        expect([colorScheme, await violationsOn(page)]).toEqual([colorScheme, []])
      }
    })
  })

  it('sees what is not', async () => {
    await withAxe(async (page) => {
      await page.goto('data:text/html,<input name="unlabelled">')
      expect(await violationsOn(page)).toContainEqual(expect.stringMatching(/^label: /))
    })
  })

  it('sees colours that are too close in the dark alone', async () => {
    await withAxe(async (page) => {
      const style = '@media (prefers-color-scheme: dark) { p { background: white; color: silver } }'
      await page.goto(`data:text/html,<style>${style}</style><p>pale</p>`)
      const closeIn = async (colorScheme: 'light' | 'dark') => {
        await page.emulateMedia({ colorScheme })
        return (await violationsOn(page)).some((violation) => violation.startsWith('color-contrast'))
      }
      expect([await closeIn('light'), await closeIn('dark')]).toEqual([false, true])
    })
  })
})

describe('narrow windows', () => {
  it.each([...new Set(samplePages.map(({ view }) => view))])(
    '%s fits a phone of 360 px and 200 %% zoom (WCAG 2.2 §1.4.10) with every sample',
    async (view) => {
      await withPage({}, async (page) => {
        for (const { path } of samplePages.filter((entry) => entry.view === view)) {
          await page.goto(server.origin + path)
          for (const width of [360, 320]) {
            await page.setViewportSize({ width, height: 640 })
            expect([path, width, await overflowOf(page)]).toEqual([path, width, 0])
          }
        }
      })
    },
  )
})

describe('the sign of a closed disclosure', () => {
  it.each([
    ['ltr', 1],
    ['rtl', -1],
  ])('points along the reading direction (%s), that of an open one down', async (direction, along) => {
    await withPage({}, async (page) => {
      await page.goto(`${server.origin}/consent/loopback`)
      // Where the corner of the border, at the lower right before it turns, points to.
      const pointsTo = async (isOpen: boolean): Promise<unknown> =>
        page.evaluate(`(() => {
          document.documentElement.dir = '${direction}'
          const details = document.querySelector('details.tools')
          details.open = ${isOpen}
          const { a, b, c, d } = new DOMMatrix(getComputedStyle(details.querySelector('summary'), '::before').transform)
          return { x: Math.round((a + c) / Math.SQRT2), y: Math.round((b + d) / Math.SQRT2) }
        })()`)
      expect([await pointsTo(false), await pointsTo(true)]).toEqual([
        { x: along, y: 0 },
        { x: 0, y: 1 },
      ])
    })
  })
})

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

describe('the consent page in a real browser', () => {
  it('shows Allow and Deny side by side, the same size, 44 px high or more', async () => {
    await withPage({ viewport: { width: 360, height: 640 } }, async (page) => {
      await page.goto(`${server.origin}/consent/verified`)
      const allow = await page.getByRole('button', { name: 'Allow' }).boundingBox()
      const deny = await page.getByRole('button', { name: 'Deny' }).boundingBox()
      expect(allow?.height).toBeGreaterThanOrEqual(44)
      expect([deny?.width, deny?.height, deny?.y]).toEqual([allow?.width, allow?.height, allow?.y])
    })
  })

  // The bar with Allow stays below what says who asks and where the answer goes: where that is long, it has to be scrolled past.
  it.each(
    samplePages.filter(
      ({ view, sample }) => (view === 'consent' || view === 'confirm') && !/^hostile|^too early$/.test(sample),
    ),
  )(
    'has Allow in view on a phone before anybody scrolls, and nothing that has the focus under it: $view, $sample',
    async ({ path }) => {
      await withPage({ viewport: { width: 360, height: 640 } }, async (page) => {
        await page.goto(server.origin + path)
        const { y = 640, height = 0 } =
          (await page.getByRole('button', { name: 'Allow', exact: true }).boundingBox()) ?? {}
        expect(y + height).toBeLessThanOrEqual(640)
        for (const box of (await page.getByRole('checkbox').all()).reverse()) {
          if (!(await box.isVisible())) continue
          await box.focus()
          const place = await box.boundingBox()
          const over = await page.locator('.decide').boundingBox()
          expect(
            (place?.y ?? 0) + (place?.height ?? 0) <= (over?.y ?? 0) ||
              (place?.y ?? 0) >= (over?.y ?? 0) + (over?.height ?? 0),
          ).toBe(true)
        }
      })
    },
  )

  it('says beside Allow that it cannot be undone, exactly while such a permission is ticked', async () => {
    await withPage({ viewport: { width: 360, height: 640 } }, async (page) => {
      await page.goto(`${server.origin}/consent/verified`)
      const note = page.getByText('Some of what you allow cannot be undone.')
      const allow = page.getByRole('button', { name: 'Allow', exact: true })
      const [before, destructive] = [await allow.boundingBox(), page.getByRole('checkbox', { name: 'Delete notes' })]
      expect(await note.isVisible()).toBe(false)
      await destructive.focus()
      await page.keyboard.press('Space')
      await page.evaluate('scrollTo(0, 0)')
      expect([await note.isVisible(), (await note.boundingBox())?.y ?? 640]).toEqual([true, expect.any(Number)])
      expect(((await note.boundingBox())?.y ?? 640) < 640).toBe(true)
      // It pushes no button under a pointer that is about to press another one.
      expect(await allow.boundingBox()).toEqual(before)
      await destructive.uncheck()
      expect(await note.isVisible()).toBe(false)
      await page.goto(`${server.origin}/consent/loopback`)
      expect(await note.isVisible()).toBe(false)
      await page.goto(`${server.origin}/confirm/destructive`)
      expect(await note.isVisible()).toBe(true)
    })
  })

  it('puts the name of every scope on the same side, on a line of its own', async () => {
    await withPage({}, async (page) => {
      for (const width of [360, 560]) {
        await page.setViewportSize({ width, height: 640 })
        await page.goto(`${server.origin}/consent/verified`)
        const places: { name: { x: number; y: number }; title: { x: number; bottom: number } }[] = await page.evaluate(`
          [...document.querySelectorAll('.scope-head')].map((head) => {
            const place = (part) => { const { x, y, bottom } = head.querySelector(part).getBoundingClientRect(); return { x, y, bottom } }
            return { name: place('.scope-name'), title: place('.scope-title') }
          })`)
        expect(places.length).toBeGreaterThan(2)
        for (const { name, title } of places) expect([name.x, name.y >= title.bottom - 1]).toEqual([title.x, true])
      }
    })
  })

  it('ticks by keyboard, and Enter in a box sends nothing', async () => {
    await withPage({}, async (page) => {
      await page.goto(`${server.origin}/consent/verified`)
      const box = page.getByRole('checkbox', { name: 'Delete notes' })
      await box.focus()
      await page.keyboard.press('Space')
      expect(await box.isChecked()).toBe(true)
      await page.keyboard.press('Enter')
      await page.waitForTimeout(200)
      expect(page.url()).toBe(`${server.origin}/consent/verified`)
    })
  })

  it('ticks by a click anywhere on the row, and opens the tools without ticking', async () => {
    await withPage({}, async (page) => {
      await page.goto(`${server.origin}/consent/verified`)
      const row = page.getByRole('listitem').filter({ has: page.getByRole('checkbox', { name: 'Delete notes' }) })
      await row.getByText('Remove notes for good.').click({ force: true })
      expect(await row.getByRole('checkbox').isChecked()).toBe(true)
      await row.getByText('1 tool').click()
      expect(await row.getByText('delete_note').isVisible()).toBe(true)
      expect(await row.getByRole('checkbox').isChecked()).toBe(true)
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
