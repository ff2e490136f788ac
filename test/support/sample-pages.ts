/** Serves every page of both servers with every sample on loopback, with the real headers and assets: `GET /<view>/<sample>`. */
import { fileURLToPath } from 'node:url'
import Koa from 'koa'
import { pageScripts, popupViews, type Views } from '../../src/authorization-server/pages/views.js'
import type { HttpState } from '../../src/http/context.js'
import { createPages, type Pages } from '../../src/pages/pages.js'
import { listen } from './opened.js'
import { viewSamples as authorizationSamples } from './pages/view-samples.js'

export const viewsFolder = fileURLToPath(new URL('../../views', import.meta.url))

export function createSamplePages(accentColor = '#0b5cad'): Pages<Views> {
  return createPages<Views>({ viewsFolder, productName: 'Gatehouse', accentColor, popupViews, scripts: pageScripts })
}

/** One page with one sample, typed so that the pair always fits. */
export interface SamplePage {
  readonly view: keyof Views
  readonly sample: string
  readonly path: string
  readonly render: (pages: Pages<Views>, language?: string) => string
  readonly send: (pages: Pages<Views>, ctx: Parameters<Pages<Views>['send']>[0]) => void
}

function pagesOf<Name extends keyof Views>(view: Name, samples: Readonly<Record<string, Views[Name]>>): SamplePage[] {
  return Object.entries(samples).map(([sample, context]) => ({
    view,
    sample,
    path: `/${view}/${encodeURIComponent(sample)}`,
    render: (pages, language) => pages.render(view, context, language),
    send: (pages, ctx) => pages.send(ctx, view, context),
  }))
}

export const samplePages: readonly SamplePage[] = [
  ...pagesOf('account', authorizationSamples.account),
  ...pagesOf('sign-in', authorizationSamples['sign-in']),
  ...pagesOf('consent', authorizationSamples.consent),
  ...pagesOf('confirm', authorizationSamples.confirm),
  ...pagesOf('barred', authorizationSamples.barred),
  ...pagesOf('device', authorizationSamples.device),
  ...pagesOf('hand-off', authorizationSamples['hand-off']),
  ...pagesOf('set-up', authorizationSamples['set-up']),
  ...pagesOf('set-up-done', authorizationSamples['set-up-done']),
  ...pagesOf('recover', authorizationSamples.recover),
  ...pagesOf('recover-sent', authorizationSamples['recover-sent']),
  ...pagesOf('reset', authorizationSamples.reset),
  ...pagesOf('reset-done', authorizationSamples['reset-done']),
  ...pagesOf('sign-out', authorizationSamples['sign-out']),
  ...pagesOf('signed-out', authorizationSamples['signed-out']),
  ...pagesOf('done', authorizationSamples.done),
  ...pagesOf('error', authorizationSamples.error),
  ...pagesOf('home', authorizationSamples.home),
  ...pagesOf('connect', authorizationSamples.connect),
]

/** A running server of sample pages. Forms that are sent to it are answered by a redirect to what `redirectForms` was told last. */
export interface SampleServer {
  readonly origin: string
  redirectForms(location: string): void
  close(): Promise<void>
}

export async function serveSamplePages(accentColor?: string): Promise<SampleServer> {
  let formsLeadTo = '/signed-out/plain'
  const pages = createSamplePages(accentColor)
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
