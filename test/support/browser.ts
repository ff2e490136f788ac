/**
 * A browser without a window: cookies, redirects, forms and the headers Chromium sends with a navigation, over real HTTP.
 * It fills in fields by their labels and presses buttons by their text, so it breaks when a person would be lost. Runs no
 * script, but says what the script of a consent page says of a person who reads before they press; `deliberate: ''` among the entries
 * says nothing, as without a script. It leaves for a foreign origin only on paper: it reports the URL.
 */
import { type IncomingMessage, request } from 'node:http'
import { type RequestOptions, request as secureRequest } from 'node:https'
import { type CookieJar, createCookieJar } from './cookie-jar.js'
import { type Button, type Form, type HtmlPage, parseHtmlPage } from './html-page.js'

export interface Page extends HtmlPage {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly html: string
}

/** Where a navigation ended: on one of our pages, or on the way to a foreign origin. */
export type Arrival = { readonly page: Page } | { readonly left: string }

/** Values by label (or, for fields without one, by name). A boolean ticks or unticks a checkbox. */
export type Entries = Readonly<Record<string, string | boolean>>

export interface Browser {
  readonly cookies: CookieJar
  /** Follows a link from nowhere: typed, or handed over by a program. */
  open(url: string): Promise<Arrival>
  /** Fills in the form that has the button, and presses it. */
  press(page: Page, button: string | RegExp, entries?: Entries): Promise<Arrival>
  /** Posts to a form's action exactly these fields: for forged and stale forms. */
  post(url: string, fields: Readonly<Record<string, string>>, from?: string): Promise<Arrival>
}

interface Navigation {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly body?: string
  /** The page whose form or link starts this; absent for a typed URL. */
  readonly from?: Page | { readonly url: string; readonly headers: Headers }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly setCookies: readonly string[]
  readonly text: string
}

const maximumRedirects = 12
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

function originHeader({ from, method }: Navigation): string | undefined {
  if (method === 'GET' || from === undefined) return undefined
  // Fetch §3.2: a page that sends no referrer at all posts forms from the origin "null".
  return from.headers.get('referrer-policy') === 'no-referrer' ? 'null' : new URL(from.url).origin
}

function navigationHeaders(navigation: Navigation, cookie: string | undefined): Record<string, string> {
  const { from, url, body } = navigation
  const site = from === undefined ? 'none' : new URL(from.url).origin === url.origin ? 'same-origin' : 'cross-site'
  const origin = originHeader(navigation)
  return {
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'accept-language': 'en',
    'sec-fetch-site': site,
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-user': '?1',
    ...(cookie === undefined ? {} : { cookie }),
    ...(origin === undefined ? {} : { origin }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(Buffer.byteLength(body)) }),
  }
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}

function send(navigation: Navigation, cookie: string | undefined, secure: SecureWay | undefined): Promise<Answer> {
  const { url, method, body } = navigation
  if (!/^(?:(?:\w+\.)?localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
    throw new Error(`${url.origin} is not loopback`)
  return new Promise((resolve, reject) => {
    // Without a way to that proxy, what is https here stands behind a proxy that ends TLS: to the server, this is that proxy.
    const reached = new URL(url.href.replace(/^https:/, 'http:'))
    const headers = { ...navigationHeaders(navigation, cookie), host: url.host }
    const read = async (message: IncomingMessage) => {
      try {
        let text = ''
        message.setEncoding('utf8')
        for await (const chunk of message) text += chunk
        const setCookies = message.headers['set-cookie'] ?? []
        resolve({ status: message.statusCode ?? 0, headers: headersOf(message), setCookies, text })
      } catch (error) {
        reject(error)
      }
    }
    const outgoing =
      secure === undefined
        ? request(reached, { method, headers }, read)
        : secureRequest(url, { ...secure, method, headers }, read)
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

function redirected(navigation: Navigation, status: number, location: string): Navigation {
  const url = new URL(location, navigation.url)
  const from = navigation.from === undefined ? {} : { from: navigation.from }
  const keepsMethod = status === 307 || status === 308
  if (keepsMethod && navigation.body !== undefined) return { ...navigation, url }
  return { url, method: 'GET', ...from }
}

function matches(button: Button, wanted: string | RegExp): boolean {
  if (button.disabled) return false
  return typeof wanted === 'string' ? button.text === wanted : wanted.test(button.text)
}

/** The body a browser would send (HTML, constructing the entry list). Throws when an entry has no field to go to. */
function entryList(form: Form, button: Button, entries: Entries): URLSearchParams {
  const list = new URLSearchParams()
  const unused = new Set(Object.keys(entries))
  for (const field of form.fields) {
    if (field.disabled || field.name === '') continue
    const key = [field.label, field.name, `${field.name}=${field.value}`].find((name) => name !== '' && name in entries)
    const entry = key === undefined ? (field.name === 'deliberate' ? '1' : undefined) : entries[key]
    if (key !== undefined) unused.delete(key)
    if (field.type === 'checkbox' || field.type === 'radio') {
      if (typeof entry === 'boolean' ? entry : field.checked) list.append(field.name, field.value)
    } else list.append(field.name, typeof entry === 'string' ? entry : field.value)
  }
  if (unused.size > 0) throw new Error(`the form has no field ${[...unused].join(', ')}`)
  if (button.name !== undefined) list.append(button.name, button.value)
  return list
}

/** How a proxy that ends TLS is reached: whose certificates are believed, and where its names lead. */
export type SecureWay = Pick<RequestOptions, 'ca' | 'lookup'>

/** `origins`: where it may go by itself; a redirect to any other origin ends the navigation. */
export function createBrowser(origins: readonly string[], secure?: SecureWay): Browser {
  const cookies = createCookieJar()
  const known = new Set(origins.map((origin) => new URL(origin).origin))

  const navigate = async (start: Navigation): Promise<Arrival> => {
    let navigation = start
    for (let hops = 0; hops <= maximumRedirects; hops += 1) {
      if (!known.has(navigation.url.origin)) return { left: navigation.url.href }
      const answer = await send(navigation, cookies.header(navigation.url), secure)
      cookies.store(navigation.url, answer.setCookies)
      const location = answer.headers.get('location')
      if (!redirects.has(answer.status) || location === null) {
        const { status, headers, text: html } = answer
        const url = navigation.url.href
        return { page: { ...parseHtmlPage(html, url), url, status, headers, html } }
      }
      navigation = redirected(navigation, answer.status, location)
    }
    throw new Error(`more than ${maximumRedirects} redirects, the last to ${navigation.url.pathname}`)
  }

  return {
    cookies,
    open: (url) => navigate({ url: new URL(url), method: 'GET' }),
    press: async (page, wanted, entries = {}) => {
      for (const form of page.forms) {
        const button = form.buttons.find((candidate) => matches(candidate, wanted))
        if (button === undefined) continue
        const list = entryList(form, button, entries)
        const url = new URL(form.action)
        if (form.method === 'POST') return navigate({ url, method: 'POST', body: list.toString(), from: page })
        url.search = list.toString()
        return navigate({ url, method: 'GET', from: page })
      }
      throw new Error(`no button ${wanted} on ${describePage(page)}`)
    },
    post: (url, fields, from = url) => {
      const body = new URLSearchParams(fields).toString()
      return navigate({ url: new URL(url), method: 'POST', body, from: { url: from, headers: new Headers() } })
    },
  }
}

/** One line about a page, for error messages. */
export function describePage(page: Page): string {
  return `${new URL(page.url).pathname} (${page.status} "${page.heading}"): ${page.text.slice(0, 300)}`
}

/** The page of an arrival; throws when the browser has left for a foreign origin. */
export function pageOf(arrival: Arrival): Page {
  if ('page' in arrival) return arrival.page
  throw new Error(`expected a page of ours, but the browser was sent to ${arrival.left}`)
}
