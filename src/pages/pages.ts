/**
 * Renders the pages in views/: compiled once, escaped always, answered with the headers that keep them from being framed, scripted or
 * cached. Serves the one stylesheet, the icon and the operator's logo under names that change with their content. Does not own what a page is given
 * (each server's views.ts) or the words (views/text.en.json; page-languages.ts chooses the language).
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'
import { displayLink, displayText } from '../base/display-text.js'
import { randomSecret } from '../base/secrets.js'
import type { HttpContext, HttpMiddleware } from '../http/context.js'
import { accentPalette } from './accent-palette.js'
import { type Brand, supportLink } from './brand.js'
import { readPageLanguages } from './page-languages.js'

/** views/ beside src/ and dist/. */
export const viewsFolder: string = fileURLToPath(new URL('../../views', import.meta.url))

export interface PagesOptions {
  /** Folder of the EJS files, `style.css`, `icons/` and the texts, `text.<language>.json`. */
  readonly viewsFolder: string
  /** Folders with the texts of further languages; default: none. */
  readonly textFolders?: readonly string[] | undefined
  readonly productName: string
  /** `#rrggbb`. */
  readonly accentColor: string
  readonly brand?: Brand | undefined
  /** Pages that a web client may show in a window it opened; see `openerPolicy`. */
  readonly popupViews?: readonly string[]
  /** Scripts in `scripts/` by page, without `.js`. Every page works without its script. */
  readonly scripts?: Readonly<Record<string, string>>
  /** Path under which this server is published, without a trailing slash; default: none. */
  readonly basePath?: string
}

export interface Asset {
  /** The path in links, including `basePath`. */
  readonly path: string
  /** The path inside the server. */
  readonly localPath: string
  readonly body: string | Buffer
  readonly etag: string
  readonly type: string
}

export interface Pages<Views extends object> {
  /** The page as HTML; default language: English. Throws if the view, a text or a value is missing. */
  render<Name extends keyof Views & string>(view: Name, context: Views[Name], language?: string): string
  /** Sends the page in the person's language with its security headers; default status: 200. */
  send<Name extends keyof Views & string>(ctx: HttpContext, view: Name, context: Views[Name], status?: number): void
  /** Languages of the pages (BCP 47), English first. */
  readonly languages: readonly string[]
  readonly contentSecurityPolicy: string
  readonly stylesheet: Asset
  /** The stylesheet, the icon and the logo. */
  readonly assets: readonly Asset[]
  /** Paths of the stylesheet, the icon and the logo, as they arrive here. */
  readonly assetPaths: readonly string[]
  /** Answers `GET` of these; everything else goes on. */
  readonly serveAssets: HttpMiddleware
}

/**
 * There is no `form-action`: Chromium applies it to every redirect that follows a form, so Allow could not redirect to a client on loopback
 * or with a private-use scheme (RFC 8252 §7). Its protection is not needed, because pages contain no markup from strangers.
 */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"

/** A policy that allows this script only. */
function policyWithScript(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64')
  return `${contentSecurityPolicy}; script-src 'sha256-${hash}'`
}

const pageHeaders: Readonly<Record<string, string>> = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Other sites get no referrer. `no-referrer` would do the same but make browsers send `Origin: null` with the server's own forms, so
  // Origin could not be checked (Fetch standard, "append a request Origin header").
  'referrer-policy': 'same-origin',
  // Fragments, including text fragments, survive redirects: another site could scroll a button under the pointer (Document Policy).
  'document-policy': 'force-load-at-top',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cache-control': 'no-store',
}

/**
 * Any policy other than `unsafe-none` permanently cuts the link between a window and its opener, even after the window has returned to the
 * client: web clients that sign in through a popup would wait forever. `same-origin-allow-popups` only helps windows that this site opens
 * itself. So the pages of an authorization keep the link, and all others cut it. An opener can only close or redirect its own popup;
 * framing, scripts and reading stay blocked.
 */
function openerPolicy(view: string, popupViews: readonly string[]): string {
  return popupViews.includes(view) ? 'unsafe-none' : 'same-origin'
}

/** The least favourable backgrounds of accent text in style.css: the page in light mode, a raised row in dark mode. */
const grounds = { light: '#f4f5f7', dark: '#232931' }

function accentRules(accentColor: string): string {
  const { light, dark } = accentPalette(accentColor, grounds)
  const declare = ({ fill, fillHover, onFill, ink }: typeof light): string =>
    `:root{--accent:${fill};--accent-hover:${fillHover};--on-accent:${onFill};--accent-ink:${ink}}`
  return `${declare(light)}\n@media (prefers-color-scheme:dark){${declare(dark)}}\n`
}

function createAsset(basePath: string, extension: string, type: string, body: string | Buffer): Asset {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 20)
  const localPath = `/assets/${hash}.${extension}`
  return { path: `${basePath}${localPath}`, localPath, body, etag: `"${hash}"`, type }
}

function serve(assets: readonly Asset[]): HttpMiddleware {
  return async (ctx, next) => {
    const asset = assets.find(({ localPath }) => localPath === ctx.path)
    if (asset === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
    ctx.set({
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      // Of a drawing that is opened by itself.
      'content-security-policy': "default-src 'none'; sandbox",
      etag: asset.etag,
    })
    ctx.type = asset.type
    ctx.body = asset.body
    if (ctx.fresh) ctx.status = 304
  }
}

/** Names that every template can use, besides `locals.x` for values passed by an include. */
const templateNames = [
  ...['page', 'site', 'script', 'id', 'text', 'hasText'],
  ...['sentence', 'counted', 'list', 'nameOf', 'date', 'moment', 'plain', 'show', 'link'],
]

/** Compiles a page when it is first requested, then keeps it. Reads the texts and the stylesheet at once. */
export function createPages<Views extends object>(options: PagesOptions): Pages<Views> {
  const { viewsFolder, productName, basePath = '', popupViews = [], scripts = {} } = options
  const read = (file: string): string => readFileSync(join(viewsFolder, file), 'utf8')
  const languages = readPageLanguages([viewsFolder, ...(options.textFolders ?? [])])
  const stylesheet = createAsset(basePath, 'css', 'text/css', accentRules(options.accentColor) + read('style.css'))
  const mark = read('icons/mark.svg').replaceAll('currentColor', options.accentColor)
  const icon = createAsset(basePath, 'svg', 'image/svg+xml', mark)
  const { logo, termsUrl, privacyUrl, support } = options.brand ?? {}
  const logoAsset = logo && createAsset(basePath, logo.extension, logo.type, logo.body)
  const assets = [stylesheet, icon, ...(logoAsset === undefined ? [] : [logoAsset])]
  const ownSite = {
    productName,
    stylesheetPath: stylesheet.path,
    icon: logoAsset ?? icon,
    logoPath: logoAsset?.path,
    links: { terms: termsUrl, privacy: privacyUrl },
    support: supportLink(support),
  }
  const shared = new Map(
    languages.names.map((name) => {
      const { language, direction, ...words } = languages.textOf(name)
      return [name, { ...words, site: { ...ownSite, language, direction }, show: displayText, link: displayLink }]
    }),
  )
  const compiled = new Map<string, ejs.TemplateFunction>()

  function template(view: string): ejs.TemplateFunction {
    const known = compiled.get(view)
    if (known !== undefined) return known
    const filename = join(viewsFolder, `${view}.ejs`)
    // Templates write values with `<%=` only. Strict mode has no `with`: a misspelt name throws instead of being empty.
    const made = ejs.compile(read(`${view}.ejs`), {
      filename,
      cache: true,
      strict: true,
      destructuredLocals: templateNames,
    })
    compiled.set(view, made)
    return made
  }

  const policies = new Map(
    Object.entries(scripts).map(([view, script]) => [view, policyWithScript(read(`scripts/${script}.js`))] as const),
  )

  const render: Pages<Views>['render'] = (view, context, language = 'en') => {
    // Different ids each time, so that the fragment of a link cannot scroll to an element or focus it.
    const nonce = randomSecret(6)
    const id = (name: string): string => `${name}-${nonce}`
    return template(view)({ ...shared.get(language), script: scripts[view], id, page: context })
  }
  return {
    render,
    send(ctx, view, context, status = 200) {
      ctx.body = render(view, context, languages.chosenFor(ctx))
      ctx.status = status
      ctx.type = 'html'
      ctx.set({
        ...pageHeaders,
        'content-security-policy': policies.get(view) ?? contentSecurityPolicy,
        'cross-origin-opener-policy': openerPolicy(view, popupViews),
      })
    },
    languages: languages.names,
    contentSecurityPolicy,
    stylesheet,
    assets,
    assetPaths: assets.map(({ localPath }) => localPath),
    serveAssets: serve(assets),
  }
}
