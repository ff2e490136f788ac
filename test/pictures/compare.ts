/** How much two pictures differ, judged by a browser, which is there anyway and knows the format. */
import type { Page } from 'playwright-core'

/** Of the pixels, between 0 and 1: those that differ by more than a shade. Pictures of other sizes differ by more than a little in all. */
export async function differingShare(page: Page, known: Buffer, taken: Buffer): Promise<number> {
  const urls = [known, taken].map((picture) => `data:image/png;base64,${picture.toString('base64')}`)
  const script = `(async (urls) => {
    const [left, right] = await Promise.all(urls.map(async (url) => {
      const image = new Image()
      image.src = url
      await image.decode()
      const canvas = new OffscreenCanvas(image.width, image.height)
      const context = canvas.getContext('2d')
      context.drawImage(image, 0, 0)
      return context.getImageData(0, 0, image.width, image.height)
    }))
    const [width, height] = [Math.min(left.width, right.width), Math.min(left.height, right.height)]
    const all = Math.max(left.width, right.width) * Math.max(left.height, right.height)
    let differing = all - width * height
    for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
      const [a, b] = [(y * left.width + x) * 4, (y * right.width + x) * 4]
      if ([0, 1, 2].some((c) => Math.abs(left.data[a + c] - right.data[b + c]) > 48)) differing += 1
    }
    return differing / all
  })(${JSON.stringify(urls)})`
  try {
    return await page.evaluate<number>(script)
  } finally {
    await page.close()
  }
}
