import { describe, expect, it } from '@jest/globals'
import { samplePages } from '../support/sample-pages.js'
import { server, useSamplePages, withPage } from './sample-window.js'

useSamplePages()

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
      ({ view, sample }) =>
        (view === 'consent' || view === 'confirm') && !/^hostile|^too early$|^wrong number$/.test(sample),
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
