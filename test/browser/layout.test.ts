import { describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { samplePages } from '../support/sample-pages.js'
import { server, useSamplePages, withPage } from './sample-window.js'

useSamplePages()

/** By how much the page is wider than its window. */
function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

describe('narrow windows', () => {
  it.each([...new Set(samplePages.map(({ view }) => view))])(
    '%s fits a phone of 360 px and 200 %% zoom (WCAG 2.2 §1.4.10) with every sample',
    async (view) => {
      await withPage({}, async (page) => {
        for (const { path } of samplePages.filter((entry) => entry.view === view)) {
          await page.goto(server.origin + path)
          for (const width of path.includes('hostile') ? [1_200, 360, 320] : [360, 320]) {
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
