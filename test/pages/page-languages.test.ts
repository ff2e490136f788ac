/** A page in another language is one more file: `text.<language>.json`. Here one with made-up words takes the place of the Arabic one. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type DefaultTreeAdapterTypes, parse } from 'parse5'
import { pageScripts, type Views } from '../../src/authorization-server/pages/views.js'
import { connectLines } from '../../src/connect-page/connect-lines.js'
import { createPages, type Pages, viewsFolder } from '../../src/pages/pages.js'
import { startServer, type TestServer } from '../authorization-server/server.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import { closing, type LanguageFolder, opening, secondLanguage } from '../support/pages/second-language.js'
import { samplePages } from '../support/sample-pages.js'

const root = /<html lang="(\w+)" dir="(\w+)">/
const languageOf = (html: string) => root.exec(html)?.slice(1)

let arabic: LanguageFolder
beforeAll(() => {
  arabic = secondLanguage()
})
afterAll(() => arabic.remove())

const clientNames = connectLines({ name: 'Notes', resource: 'http://localhost:4000/mcp' }).map(({ client }) => client)

describe('A second language', () => {
  let pages: Pages<Views>
  beforeAll(() => {
    pages = createPages<Views>({
      viewsFolder,
      textFolders: [arabic.folder],
      productName: 'Gatehouse',
      accentColor: '#0b5cad',
      scripts: pageScripts,
    })
  })

  it('is one more file', () => {
    expect(pages.languages).toEqual(['en', 'ar', 'de'])
  })

  /** Text outside of values (which are isolated) and of what is copied as it is. */
  function wordsOf(node: DefaultTreeAdapterTypes.Node): string[] {
    if ('tagName' in node && ['bdi', 'code', 'pre', 'script', 'style'].includes(node.tagName)) return []
    if ('value' in node) return [node.value]
    return 'childNodes' in node ? node.childNodes.flatMap(wordsOf) : []
  }

  it.each(samplePages)('has no words but those of its file on $view, $sample', ({ view, sample }) => {
    const page = samplePages.find((each) => each.view === view && each.sample === sample)
    const html = page?.render(pages, 'ar') ?? ''
    expect(languageOf(html)).toEqual(['ar', 'rtl'])
    const words = wordsOf(parse(html)).join('')
    // Values stand within sentences: what is left outside of the brackets is what joins them.
    const sentences = words.replace(new RegExp(`${opening}[^${closing}]*${closing}`, 'g'), '')
    // What Intl puts between the items of a list.
    const outside = [...clientNames, '· Gatehouse', ' و'].reduce((rest, name) => rest.replaceAll(name, ''), sentences)
    expect(outside).not.toMatch(/\p{L}/u)
  })

  it('is refused if it lacks words, a plural form of its own or its right name', () => {
    const without = (change: Parameters<typeof secondLanguage>[0]) => () => {
      const { folder, remove } = secondLanguage(change)
      try {
        createPages({ viewsFolder, textFolders: [folder], productName: 'Gatehouse', accentColor: '#0b5cad' })
      } finally {
        remove()
      }
    }
    expect(without(({ nameless: _, ...words }) => words)).toThrow('text.ar.json has no text named nameless')
    expect(
      without(({ handOff, ...words }) => ({ ...words, handOff: { ...Object(handOff), ends: { one: '', other: '' } } })),
    ).toThrow(/no text named handOff\.ends\.(?:zero|two|few|many)$/)
    expect(without((words) => ({ ...words, language: 'fr' }))).toThrow('text.ar.json says that its language is fr')
  })
})

describe('The language of a page', () => {
  let server: TestServer
  let address: string
  beforeAll(async () => {
    server = await startServer('embedded', { textFolders: [arabic.folder] })
    const grant = await newGrant(server)
    address = String(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url)
  })
  afterAll(() => server.close())

  async function pageIn(url: string, acceptLanguage?: string): Promise<string[] | undefined> {
    const headers = acceptLanguage === undefined ? undefined : { 'accept-language': acceptLanguage }
    return languageOf(await (await fetch(url, { ...(headers && { headers }) })).text())
  }

  async function signInPage(
    locales: readonly string[],
    acceptLanguage: string,
    scope = 'notes:read',
  ): Promise<string[] | undefined> {
    const asked = new URL(address)
    asked.searchParams.set('scope', scope)
    for (const each of locales) asked.searchParams.append('ui_locales', each)
    const answer = await fetch(asked, { redirect: 'manual' })
    const cookie = answer.headers
      .getSetCookie()
      .map((text) => text.split(';')[0])
      .join('; ')
    const page = await fetch(new URL(answer.headers.get('location') ?? '', server.issuer), {
      headers: { cookie, 'accept-language': acceptLanguage },
    })
    return languageOf(await page.text())
  }

  it.each([
    ['ar', ['ar', 'rtl']],
    ['ar-EG, en;q=0.5', ['ar', 'rtl']],
    ['de-CH, ar;q=0.5', ['de', 'ltr']],
    ['fr, ar;q=0.5, en;q=0.1', ['ar', 'rtl']],
    ['en, ar;q=0.9', ['en', 'ltr']],
    ['fr', ['en', 'ltr']],
    ['*', ['en', 'ltr']],
    ['', ['en', 'ltr']],
    ['ar;q=x,,;;', ['en', 'ltr']],
  ])('is what the browser asks for: %j', async (acceptLanguage, expected) => {
    expect(await pageIn(`${server.issuer}/`, acceptLanguage)).toEqual(expected)
  })

  it.each([
    [['ar'], 'en', ['ar', 'rtl']],
    [['fr AR-eg-x en'], 'en', ['ar', 'rtl']],
    [['en'], 'ar', ['en', 'ltr']],
    [['fr'], 'ar', ['ar', 'rtl']],
    [[], 'ar', ['ar', 'rtl']],
    [['constructor'], 'en', ['en', 'ltr']],
  ])(
    'is what the program asks for by ui_locales, if there is such a one, with openid or without: %j before %j',
    async (locales, accept, expected) => {
      expect(await signInPage(locales, accept)).toEqual(expected)
      expect(await signInPage(locales, accept, 'openid notes:read')).toEqual(expected)
    },
  )

  it('is the one that the browser asks for if ui_locales comes twice without openid', async () => {
    expect(await signInPage(['ar', 'en'], 'de')).toEqual(['de', 'ltr'])
  })

  it('is that of an error before there is a sign-in, too', async () => {
    const refused = `${server.issuer}/authorize?client_id=unknown&scope=openid&ui_locales=ar`
    expect(await pageIn(refused, 'en')).toEqual(['ar', 'rtl'])
    expect(await pageIn(`${refused}&ui_locales=en`, 'en')).toEqual(['en', 'ltr'])
  })

  it('is announced', async () => {
    const document = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    expect(document).toMatchObject({ ui_locales_supported: ['en', 'ar', 'de'] })
  })
})
