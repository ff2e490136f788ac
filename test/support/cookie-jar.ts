/**
 * Cookies as browsers keep them (RFC 6265bis): by host without port, by path, with the `__Host-` and `__Secure-` rules.
 * Loopback counts as secure, as in Chromium and Firefox. Leaves out the Domain attribute (refused) and SameSite.
 */
export interface CookieJar {
  /** Takes in the `Set-Cookie` lines of an answer from `url`. */
  store(url: URL, setCookies: readonly string[]): void
  /** The `Cookie` header for a request, or `undefined`. */
  header(url: URL): string | undefined
  /** Names of the cookies held, for assertions. */
  names(): string[]
  clear(): void
}

interface Cookie {
  readonly name: string
  readonly value: string
  readonly host: string
  readonly path: string
  readonly secure: boolean
  readonly expiresAt: number
}

function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

function defaultPath({ pathname }: URL): string {
  const end = pathname.lastIndexOf('/')
  return end <= 0 ? '/' : pathname.slice(0, end)
}

function expiry(attributes: ReadonlyMap<string, string>): number {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Date.now() + Number(maxAge) * 1_000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires
}

function parseSetCookie(url: URL, line: string): Cookie {
  const [pair = '', ...rest] = line.split(';')
  const split = (text: string): [string, string] => {
    const at = text.indexOf('=')
    return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
  }
  const attributes = new Map(rest.map(split).map(([name, value]) => [name.toLowerCase(), value]))
  const [name, value] = split(pair)
  if (attributes.has('domain')) throw new Error(`cookie ${name} has a Domain: ours must stay on their host`)
  const path = attributes.get('path')
  const cookie = {
    name,
    value,
    host: url.hostname,
    path: path?.startsWith('/') === true ? path : defaultPath(url),
    secure: attributes.has('secure'),
    expiresAt: expiry(attributes),
  }
  if (/^__(Host|Secure)-/.test(name) && !cookie.secure) throw new Error(`a browser would refuse ${name}: not Secure`)
  if (name.startsWith('__Host-') && path !== '/') throw new Error(`a browser would refuse ${name}: Path is not /`)
  if (cookie.secure && !isSecure(url)) throw new Error(`a browser would refuse ${name}: Secure over plain http`)
  return cookie
}

function pathMatches(path: string, cookiePath: string): boolean {
  return (
    path === cookiePath ||
    (path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/'))
  )
}

export function createCookieJar(): CookieJar {
  let cookies: readonly Cookie[] = []
  return {
    store: (url, setCookies) => {
      for (const line of setCookies) {
        const fresh = parseSetCookie(url, line)
        const same = (cookie: Cookie) =>
          cookie.name === fresh.name && cookie.host === fresh.host && cookie.path === fresh.path
        cookies = [...cookies.filter((cookie) => !same(cookie)), fresh]
      }
      cookies = cookies.filter(({ expiresAt }) => expiresAt > Date.now())
    },
    header: (url) => {
      const sent = cookies
        .filter(({ host, path }) => host === url.hostname && pathMatches(url.pathname, path))
        .filter(({ secure, expiresAt }) => (!secure || isSecure(url)) && expiresAt > Date.now())
        .sort((left, right) => right.path.length - left.path.length)
      return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join('; ')
    },
    names: () => cookies.map(({ name }) => name),
    clear: () => {
      cookies = []
    },
  }
}
