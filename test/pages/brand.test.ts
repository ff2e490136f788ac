/** The operator's brand on the pages: logo, links, and how to reach the people who run the server. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type DefaultTreeAdapterTypes, parse } from 'parse5'
import { pageScripts, type Views } from '../../src/authorization-server/pages/views.js'
import { readLogo } from '../../src/pages/logo.js'
import { createPages, viewsFolder } from '../../src/pages/pages.js'
import { startServer, type TestServer } from '../authorization-server/server.js'
import { samplePages } from '../support/sample-pages.js'

const drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 1"><path d="M0 0h4v1z"/></svg>'
const brand = {
  logo: readLogo(Buffer.from(drawing)),
  termsUrl: 'https://acme.example/terms',
  privacyUrl: 'https://acme.example/privacy',
  support: 'help@acme.example',
}

type Element = DefaultTreeAdapterTypes.Element

function elementsOf(
  node: DefaultTreeAdapterTypes.Node,
  within: readonly string[] = [],
): [Element, readonly string[]][] {
  const here: [Element, readonly string[]][] = 'tagName' in node ? [[node, within]] : []
  const path = 'tagName' in node ? [...within, node.tagName] : within
  const below = 'childNodes' in node ? node.childNodes.flatMap((child) => elementsOf(child, path)) : []
  return [...here, ...below]
}

const attribute = ({ attrs }: Element, name: string) => attrs.find((each) => each.name === name)?.value

describe('The brand', () => {
  const options = { viewsFolder, productName: 'Acme', accentColor: '#0b5cad', scripts: pageScripts, basePath: '/auth' }
  const pages = createPages<Views>({ ...options, brand })

  it.each(samplePages)('of the operator is above and below the card, never on it: $view, $sample', ({ render }) => {
    const elements = elementsOf(parse(render(pages)))
    const pictures = elements.filter(([{ tagName }]) => tagName === 'img')
    expect(pictures.map(([element, within]) => [attribute(element, 'src'), within.at(-1)])).toEqual([
      [expect.stringMatching(/^\/auth\/assets\/[\w-]+\.svg$/), 'header'],
    ])
    const links = elements.filter(([element, within]) => element.tagName === 'a' && within.includes('footer'))
    expect(links.map(([element]) => attribute(element, 'href'))).toEqual([
      brand.termsUrl,
      brand.privacyUrl,
      'mailto:help@acme.example',
    ])
  })

  it('is named by alternative text nowhere: the name stands beside it', () => {
    const html = samplePages[0]?.render(pages) ?? ''
    expect(html).toMatch(/<img class="brand-logo" src="\/auth\/assets\/[\w-]+\.svg" alt=""><bdi>Acme<\/bdi>/)
  })

  const rendered = (kind: string, of = pages) =>
    samplePages.find(({ view, sample }) => view === 'error' && sample === kind)?.render(of) ?? ''

  it('says how to reach the people who run the server where a page says to ask them', () => {
    expect(rendered('server-error')).toContain('You reach them at <a href="mailto:help@acme.example"')
    expect(rendered('not-found')).not.toContain('You reach them')
    const withPage = createPages<Views>({ ...options, brand: { support: 'https://acme.example/help' } })
    expect(rendered('client-refused', withPage)).toContain('<bdi>acme.example/help</bdi>')
    expect(rendered('client-refused', createPages<Views>(options))).not.toContain('You reach them')
  })

  it('has nothing below the card if there is nothing to link to', () => {
    expect(rendered('not-found', createPages<Views>(options))).not.toContain('foot-links')
  })
})

describe('The logo', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('embedded', { brand })
  })
  afterAll(() => server.close())

  it('comes from this server, and runs nothing if it is opened by itself', async () => {
    const html = await (await fetch(`${server.issuer}/`)).text()
    const [, path = ''] = /<img [^>]*src="([^"]+)"/.exec(html) ?? []
    const response = await fetch(server.issuer + path)
    expect(await response.text()).toBe(drawing)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/svg+xml',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    expect(html).toContain(`<link rel="icon" type="image/svg+xml" href="${path}">`)
  })
})
