import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type DefaultTreeAdapterTypes, parse } from 'parse5'
import { hostileTexts } from '../src/cli/page-samples/hostile-samples.js'
import { createSamplePages, samplePages, viewsFolder } from './support/sample-pages.js'

type Element = DefaultTreeAdapterTypes.Element

function elementsOf(root: DefaultTreeAdapterTypes.Node): Element[] {
  const found: Element[] = []
  const pending = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if ('tagName' in node) found.push(node)
    if ('childNodes' in node) pending.push(...node.childNodes.toReversed())
  }
  return found
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((entry) => entry.name === name)?.value
}

function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ('value' in node) return node.value
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : ''
}

function named(elements: readonly Element[], ...tagNames: string[]): Element[] {
  return elements.filter(({ tagName }) => tagNames.includes(tagName))
}

const ownScripts = readdirSync(join(viewsFolder, 'scripts')).map((file) =>
  readFileSync(join(viewsFolder, 'scripts', file), 'utf8'),
)

function idsOf(elements: readonly Element[]): string[] {
  return elements.flatMap((element) => attribute(element, 'id') ?? [])
}

const pages = createSamplePages()
const rendered = samplePages.map(({ view, sample, render }) => {
  const html = render(pages)
  return { title: `${view}: ${sample}`, view, sample, html, render, elements: elementsOf(parse(html)) }
})

function pageOf(view: string, sample: string): (typeof rendered)[number] {
  const found = rendered.find((entry) => entry.view === view && entry.sample === sample)
  if (found === undefined) throw new Error(`no sample ${sample} of ${view}`)
  return found
}

function labels(elements: readonly Element[]): Record<string, string> {
  const ofLabel = named(elements, 'label').map((label) => [textOf(label).trim(), attribute(label, 'for')] as const)
  return Object.fromEntries(
    ofLabel.map(([text, id]) => {
      const field = elements.find((element) => attribute(element, 'id') === id)
      return [text, field === undefined ? '' : (attribute(field, 'name') ?? '')]
    }),
  )
}

describe.each(rendered)('the page $title', ({ elements, render }) => {
  it('holds no script but one of ours, no inline style, no event handler and no frame', () => {
    for (const script of named(elements, 'script')) {
      expect(script.attrs).toEqual([])
      expect(ownScripts).toContain(textOf(script))
    }
    expect(named(elements, 'style', 'iframe', 'object', 'embed', 'base', 'img')).toEqual([])
    const attributes = elements.flatMap(({ attrs }) => attrs.map(({ name }) => name))
    expect(attributes.filter((name) => name === 'style' || name.startsWith('on'))).toEqual([])
    const targets = elements.flatMap((element) => [attribute(element, 'href') ?? '', attribute(element, 'src') ?? ''])
    expect(targets.filter((target) => /^\s*(javascript|data|vbscript):/i.test(target))).toEqual([])
  })

  it('has no id that a link from elsewhere can name: each is another the next time', () => {
    const ids = idsOf(elements)
    expect(idsOf(elementsOf(parse(render(pages)))).filter((id) => ids.includes(id))).toEqual([])
    expect(named(elements, 'a').filter((link) => attribute(link, 'name') !== undefined)).toEqual([])
  })

  it('has one heading of the first level, a title, a language and a main part', () => {
    expect(named(elements, 'h1').map(textOf).join('').trim()).not.toBe('')
    expect(named(elements, 'h1')).toHaveLength(1)
    expect(named(elements, 'main')).toHaveLength(1)
    expect(named(elements, 'html').map((element) => attribute(element, 'lang'))).toEqual(['en'])
    expect(named(elements, 'head', 'title').map(textOf).join('')).toContain(' · Gatehouse')
  })

  it('ties every field to a label, and every description to text that is there', () => {
    const ids = new Set(elements.map((element) => attribute(element, 'id')))
    const labelled = new Set(named(elements, 'label').map((label) => attribute(label, 'for')))
    for (const field of named(elements, 'input')) {
      // One with `hidden` is for password managers alone.
      const isShown = attribute(field, 'type') !== 'hidden' && attribute(field, 'hidden') === undefined
      if (isShown) expect(labelled).toContain(attribute(field, 'id'))
    }
    const described = elements.flatMap((element) => attribute(element, 'aria-describedby')?.split(' ') ?? [])
    for (const id of described) expect(ids).toContain(id)
    for (const label of named(elements, 'label')) expect(textOf(label).trim()).not.toBe('')
  })

  it('sends each form by POST with a token against forgery', () => {
    for (const form of named(elements, 'form')) {
      expect(attribute(form, 'method')).toBe('post')
      // The answer to a client, which the client judges by `state`.
      if (attribute(form, 'action')?.startsWith('https:')) continue
      const hidden = named(elementsOf(form), 'input').filter((input) => attribute(input, 'type') === 'hidden')
      expect(hidden.map((element) => attribute(element, 'name'))).toEqual(
        expect.arrayContaining([expect.stringMatching(/^(csrf|xsrf)$/)]),
      )
    }
  })

  it('shows no control, bidi control or invisible characters of strangers', () => {
    const shown = named(elements, 'bdi').map(textOf).join('')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(shown).not.toMatch(/[\u0000-\u001f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/)
  })
})

describe('what the contract promises about labels and buttons', () => {
  it('signs in by Email, Password and Sign in', () => {
    const { elements } = pageOf('sign-in', 'first')
    expect(labels(elements)).toEqual({ Email: 'email', Password: 'password' })
    expect(named(elements, 'button').map((button) => textOf(button).trim())).toEqual([
      'Sign in',
      'Cancel and go back to Claude Code',
    ])
    const autocomplete = named(elements, 'input').map((input) => attribute(input, 'autocomplete'))
    expect(autocomplete).toEqual([undefined, 'username', 'current-password', undefined])
  })

  it('keeps the email after a wrong try and announces the reason', () => {
    const { elements } = pageOf('sign-in', 'wrong')
    expect(elements.find((element) => attribute(element, 'name') === 'email')?.attrs).toContainEqual({
      name: 'value',
      value: 'ada@example.com',
    })
    expect(elements.filter((element) => attribute(element, 'role') === 'alert')).toHaveLength(1)
  })

  it('says in seconds or minutes how long to wait', () => {
    expect(pageOf('sign-in', 'too many').html).toContain('<bdi>14</bdi> minutes')
    expect(pageOf('sign-in', 'too many, nearly over').html).toContain('<bdi>1</bdi> second,')
  })

  it('decides by Allow and Deny, in that order', () => {
    const { elements } = pageOf('consent', 'verified')
    const decisions = named(elements, 'button').filter((button) => attribute(button, 'name') === 'decision')
    expect(decisions.map((button) => [textOf(button).trim(), attribute(button, 'value')])).toEqual([
      ['Allow', 'allow'],
      ['Deny', 'deny'],
      ['Read access only', 'allow-read-only'],
    ])
  })

  it('lets Enter in a checkbox decide nothing', () => {
    const [first] = named(pageOf('consent', 'verified').elements, 'button')
    expect(first?.attrs.map(({ name }) => name)).toEqual(['type', 'formmethod', 'hidden'])
  })

  it('offers one box per scope, ticked as told, and sends required ones along', () => {
    const { elements } = pageOf('consent', 'known with identity scopes')
    const fields = named(elements, 'input').filter((input) => attribute(input, 'name') === 'scope')
    expect(fields.map((field) => [attribute(field, 'value'), attribute(field, 'type')])).toEqual([
      ['openid', 'hidden'],
      ['email', 'checkbox'],
      ['offline_access', 'hidden'],
      // What was allowed before stands last.
      ['notes:write', 'checkbox'],
      ['notes:read', 'checkbox'],
    ])
    const deleteBox = named(pageOf('consent', 'verified').elements, 'input').find(
      (input) => attribute(input, 'value') === 'notes:delete',
    )
    expect(deleteBox === undefined ? undefined : attribute(deleteBox, 'checked')).toBeUndefined()
  })

  it('sends "use another account" by a form of its own', () => {
    const { elements } = pageOf('consent', 'verified')
    const button = named(elements, 'button').find((entry) => textOf(entry).trim() === 'Use another account')
    const id = button === undefined ? undefined : attribute(button, 'form')
    expect(id).toMatch(/^switch-account-/)
    const form = named(elements, 'form').find((entry) => attribute(entry, 'id') === id)
    expect(form === undefined ? undefined : attribute(form, 'action')).toBe('/interaction/sample/switch-account')
  })

  it('signs out by Sign out and stays by Stay signed in', () => {
    const buttons = named(pageOf('sign-out', 'plain').elements, 'button')
    expect(buttons.map((button) => [textOf(button), attribute(button, 'name')])).toEqual([
      ['Sign out', 'logout'],
      ['Stay signed in', undefined],
    ])
  })
})

describe('the consent page about strangers (CIMD §6, RFC 8252 §8.6)', () => {
  it('shows hosts whole, so that what is cut off never hides who owns them', () => {
    const shown = named(pageOf('consent', 'hostile endless').elements, 'bdi').map(textOf)
    const hosts = shown.filter((text) => text.startsWith('accounts.example.com.'))
    expect(hosts.length).toBeGreaterThanOrEqual(3)
    for (const host of hosts) expect(host).toMatch(/\.attacker\.example$/)
  })

  it('cuts a long name and keeps our sentence around it', () => {
    const heading = named(pageOf('consent', 'hostile endless').elements, 'h1').map(textOf).join('')
    expect(heading).toMatch(/^W{59}… wants access to W{59}…$/)
  })

  it('warns when every redirect is on this computer, and when a name resembles a known product', () => {
    const text = textOf(parse(pageOf('consent', 'loopback').html))
    expect(text).toContain('Not verified: this may not be Claude')
    expect(text).toContain('Any program running here could have asked')
    // MCP authorization, Localhost Redirect URI Risks: the redirect's host is shown.
    expect(text).toContain('localhost:53712')
  })

  it('names a known product only beside the host that proves it', () => {
    const text = textOf(parse(pageOf('consent', 'verified').html))
    expect(text).toContain('Verified: claude.ai')
    expect(text).toContain('The identity of a known program: Claude by Anthropic.')
    const stranger = textOf(parse(pageOf('consent', 'verified stranger').html))
    expect(stranger).toContain('wiki.example vouches for this program.')
    expect(stranger).not.toContain('known program')
  })

  it('does not call a program verified that borrows a name, whoever vouches for it', () => {
    const text = textOf(parse(pageOf('consent', 'borrowed name').html))
    expect(text).toContain('This may not be Claude: it comes from wiki.example')
    expect(text).not.toContain('Verified')
  })

  it('links only to https pages, apart and without a referrer', () => {
    const all = named(pageOf('consent', 'hostile markup').elements, 'a')
    const links = all.filter((link) => attribute(link, 'href') !== '/account/apps')
    expect(links).toHaveLength(1)
    for (const link of links) {
      expect(attribute(link, 'href')).toMatch(/^https:/)
      expect(attribute(link, 'rel')).toContain('noopener noreferrer')
      expect(attribute(link, 'target')).toBe('_blank')
    }
  })

  it.each([
    ['claimed links', true],
    ['own links', false],
    ['verified', false],
  ])('says whether anybody answers for the links: %s', (sample, isClaimed) => {
    const { html, elements } = pageOf('consent', sample)
    expect(named(elements, 'a').length).toBeGreaterThan(1)
    expect(textOf(parse(html)).includes('The program names these links itself.')).toBe(isClaimed)
  })

  it('shows a name without visible letters as such', () => {
    const heading = named(pageOf('consent', 'hostile invisible').elements, 'h1').map(textOf).join('')
    expect(heading).toBe('(no name) wants access to (no name)')
    expect(hostileTexts.invisible).not.toBe('')
  })
})

it('the stylesheet never shows what is hidden until a script shows it', () => {
  expect(readFileSync(join(viewsFolder, 'style.css'), 'utf8')).toMatch(/^\[hidden\] \{\n {2}display: none !important;/m)
})

describe('the templates', () => {
  const files = readdirSync(viewsFolder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ejs'))

  it.each(files)('%s writes values escaped: unescaped output is for includes alone', (file) => {
    const source = readFileSync(join(viewsFolder, file), 'utf8')
    const unescaped = [...source.matchAll(/<%-\s*(\w+)/g)].map(([, name]) => name)
    expect(unescaped.filter((name) => name !== 'include')).toEqual([])
  })

  it.each(readdirSync(join(viewsFolder, 'icons')))('%s is a drawing and nothing else', (file) => {
    const source = readFileSync(join(viewsFolder, 'icons', file), 'utf8')
    expect(source).toMatch(/^<svg [^>]+>(<(path|circle|rect) [^>]+\/>)+<\/svg>$/)
    expect(source).not.toMatch(/ (style|on\w+|href)=/)
  })
})
