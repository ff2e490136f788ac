/** Serves every page with every sample on loopback, with the real headers and assets: `GET /<view>/<sample>`. */
import { fileURLToPath } from 'node:url'
import Koa from 'koa'
import { viewSamples } from '../../src/authorization-server/view-samples.js'
import { popupViews, type Views } from '../../src/authorization-server/views.js'
import { type HttpState, listen } from '../../src/platform/http.js'
import { createPages, type Pages } from '../../src/platform/pages.js'

export const viewsFolder = fileURLToPath(new URL('../../views', import.meta.url))

export function createSamplePages(accentColor = '#0b5cad'): Pages<Views> {
  return createPages<Views>({ viewsFolder, productName: 'Gatehouse', accentColor, popupViews })
}

/** One page with one sample, typed so that the pair always fits. */
export interface SamplePage {
  readonly view: keyof Views
  readonly sample: string
  readonly path: string
  readonly render: (pages: Pages<Views>) => string
  readonly send: (pages: Pages<Views>, ctx: Parameters<Pages<Views>['send']>[0]) => void
}

function pagesOf<Name extends keyof Views>(view: Name): SamplePage[] {
  const samples: Readonly<Record<string, Views[Name]>> = viewSamples[view]
  return Object.entries(samples).map(([sample, context]) => ({
    view,
    sample,
    path: `/${view}/${encodeURIComponent(sample)}`,
    render: (pages) => pages.render(view, context),
    send: (pages, ctx) => pages.send(ctx, view, context),
  }))
}

export const samplePages: readonly SamplePage[] = [
  ...pagesOf('sign-in'),
  ...pagesOf('consent'),
  ...pagesOf('set-up'),
  ...pagesOf('set-up-done'),
  ...pagesOf('sign-out'),
  ...pagesOf('signed-out'),
  ...pagesOf('done'),
  ...pagesOf('error'),
  ...pagesOf('home'),
]

export async function serveSamplePages(accentColor?: string): Promise<{ origin: string; close: () => Promise<void> }> {
  const pages = createSamplePages(accentColor)
  const app = new Koa<HttpState>()
  app.use(pages.serveAssets)
  app.use(async (ctx) => {
    const found = samplePages.find(({ path }) => path === ctx.path)
    if (found !== undefined) found.send(pages, ctx)
  })
  const server = await listen(app, '127.0.0.1', 0)
  return { origin: `http://127.0.0.1:${server.address.port}`, close: () => server.close(0) }
}
