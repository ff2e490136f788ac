/** Every page with every sample: the tests render them, and `gatehouse views preview` writes them to a folder. */
import type { Views } from '../../authorization-server/pages/views.js'
import type { Pages } from '../../pages/pages.js'
import { viewSamples } from './view-samples.js'

/** One page with one sample, typed so that the pair always fits. */
export interface SamplePage {
  readonly view: keyof Views
  readonly sample: string
  readonly path: string
  readonly render: (pages: Pages<Views>, language?: string) => string
  readonly send: (pages: Pages<Views>, ctx: Parameters<Pages<Views>['send']>[0]) => void
}

function pagesOf<Name extends keyof Views>(view: Name): SamplePage[] {
  const samples: Readonly<Record<string, Views[Name]>> = viewSamples[view]
  return Object.entries(samples).map(([sample, context]) => ({
    view,
    sample,
    path: `/${view}/${encodeURIComponent(sample)}`,
    render: (pages, language) => pages.render(view, context, language),
    send: (pages, ctx) => pages.send(ctx, view, context),
  }))
}

const isView = (name: string): name is keyof Views => Object.hasOwn(viewSamples, name)

export const samplePages: readonly SamplePage[] = Object.keys(viewSamples).filter(isView).flatMap(pagesOf)
