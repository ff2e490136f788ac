/** Serves every page of both servers with every sample on loopback, with the real headers and assets: `GET /<view>/<sample>`. */
import { fileURLToPath } from 'node:url'
import Koa from 'koa'
import { pageScripts, popupViews, type Views } from '../../src/authorization-server/pages/views.js'
import { samplePages } from '../../src/cli/page-samples/sample-pages.js'
import type { HttpState } from '../../src/http/context.js'
import { createPages, type Pages } from '../../src/pages/pages.js'
import { listen } from './opened.js'

export { samplePages } from '../../src/cli/page-samples/sample-pages.js'

export const viewsFolder = fileURLToPath(new URL('../../views', import.meta.url))

export function createSamplePages(
  accentColor = '#0b5cad',
  scripts: Readonly<Record<string, string>> = pageScripts,
): Pages<Views> {
  return createPages<Views>({ viewsFolder, productName: 'Gatehouse', accentColor, popupViews, scripts })
}

/** This page would submit itself to a website. */
const { 'form-post': _leaves, ...stayingScripts } = pageScripts

/** A running server of sample pages. Forms that are sent to it are answered by a redirect to what `redirectForms` was told last. */
export interface SampleServer {
  readonly origin: string
  redirectForms(location: string): void
  close(): Promise<void>
}

export async function serveSamplePages(accentColor?: string): Promise<SampleServer> {
  let formsLeadTo = '/signed-out/plain'
  const pages = createSamplePages(accentColor, stayingScripts)
  const app = new Koa<HttpState>()
  app.use(pages.serveAssets)
  app.use(async (ctx) => {
    if (ctx.method === 'POST') {
      ctx.status = 303
      ctx.set('location', formsLeadTo)
      return
    }
    const found = samplePages.find(({ path }) => path === ctx.path)
    if (found !== undefined) found.send(pages, ctx)
  })
  const server = await listen(app, '127.0.0.1', 0)
  return {
    origin: `http://127.0.0.1:${server.address.port}`,
    redirectForms: (location) => {
      formsLeadTo = location
    },
    close: () => server.close(0),
  }
}
