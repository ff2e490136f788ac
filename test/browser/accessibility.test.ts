import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { samplePages } from '../support/sample-pages.js'
import { browser, server, useSamplePages } from './sample-window.js'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

useSamplePages()

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
}

/** What axe-core finds against WCAG 2.2 AA and its own best practices, as short lines. */
async function violationsOn(page: Page): Promise<string[]> {
  const { violations }: AxeResult = await page.evaluate('axe.run()')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

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
