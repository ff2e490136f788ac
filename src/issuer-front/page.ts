/**
 * The page between a client and the upstream server. The upstream page shows this front as the client, so this page shows the client's real
 * redirect target (MCP security best practices, "confused deputy"). Its script checks whether a press was deliberate (deliberate-press.ts).
 */
import { confirmationFields, pressScript, pressScriptSource } from './deliberate-press.js'

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{margin:0 auto;max-width:28rem;padding:3rem 1.25rem}
h1{font-size:1.4rem;line-height:1.25}dl{border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:.6rem;padding:.75rem 1rem}
dt{font-size:.85rem;opacity:.75}dd{margin:0 0 .5rem;overflow-wrap:anywhere;overflow:hidden;font-weight:600}
h1,p{overflow-wrap:anywhere}input{display:block;font:inherit;width:6em;box-sizing:border-box;margin-top:.5rem;padding:.6rem}.go{display:block;width:100%;box-sizing:border-box;border:0;font:inherit;margin:1.5rem 0 .75rem;padding:.7rem;border-radius:.5rem;background:#0b5cad;color:#fff;text-align:center;text-decoration:none;font-weight:600}
.early{border-left:4px solid #c2410c;padding-left:.75rem}a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid currentColor;outline-offset:2px}`

/** No `form-action`: Chromium applies it to the redirects after the form too, and the form leads upstream. */
const policy = (scripts: string) =>
  `default-src 'none'; style-src 'unsafe-inline'${scripts}; base-uri 'none'; frame-ancestors 'none'`

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `${policy('')}; form-action 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}

function pageAnswer(
  status: number,
  title: string,
  body: string,
  extra: Readonly<Record<string, string>> = {},
): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(title)}</title><style>${style}</style><main><h1>${escaped(title)}</h1>${body}</main></html>`
  return new Response(html, { status, headers: { ...headers, ...extra } })
}

export interface Question {
  /** The registered name, which may be any text. */
  readonly clientName: string
  readonly redirectUri: string
  /** Where the person signs in next. */
  readonly upstreamIssuer: string
  readonly cancelUrl: string
}

/** Describes the target of a redirect URI. */
export function destinationOf(redirectUri: string): string {
  const { protocol, host, hostname } = new URL(redirectUri)
  if (protocol === 'http:') return `a program on this computer (${hostname})`
  return protocol === 'https:' ? host : `an app on this device (${protocol}//)`
}

function factsOf(question: Question): string {
  const name = question.clientName === '' ? 'A program without a name' : question.clientName
  return `<p>It wants to use your account. You sign in at <strong>${escaped(new URL(question.upstreamIssuer).host)}</strong>.</p>
<dl><dt>It calls itself</dt><dd>${escaped(name)} <small>(not verified)</small></dd>
<dt>Afterwards you are sent to</dt><dd>${escaped(destinationOf(question.redirectUri))}</dd></dl>`
}

const cancel = ({ cancelUrl }: Question) => `<a href="${escaped(cancelUrl)}" rel="noreferrer">Cancel</a>`

const withCookie = (cookie: string | undefined) => (cookie === undefined ? {} : { 'set-cookie': cookie })

/** `confirmUrl`: the second page, for every press that was not recognised as deliberate. */
export function questionPage(
  question: Question & { readonly continueUrl: string; readonly confirmUrl: string },
  cookie: string | undefined,
): Response {
  const body = `${factsOf(question)}
<p>Go on only if you have just started this yourself.</p>
<p class="early" role="status" hidden>That was too quick to be meant. Read this page, then press again.</p>
<a class="go" href="${escaped(question.confirmUrl)}" data-upstream="${escaped(question.continueUrl)}" rel="noreferrer">Continue to sign in</a>
${cancel(question)}<script>${pressScript}</script>`
  const scripts = { 'content-security-policy': `${policy(`; script-src ${pressScriptSource}`)}; form-action 'none'` }
  return pageAnswer(200, 'Connect this program?', body, { ...scripts, ...withCookie(cookie) })
}

/** Asks once more, without a script. `request`: the authorization request, which the form sends again with the person's decision. */
export function confirmationPage(
  question: Question & {
    readonly request: URLSearchParams
    readonly shown: string
    readonly number: string
    readonly problem: string | undefined
  },
  cookie: string | undefined,
): Response {
  const fields = [...question.request, [confirmationFields.shown, question.shown] as const].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  )
  const problem = question.problem === undefined ? '' : `<p class="early" role="alert">${escaped(question.problem)}</p>`
  const body = `${problem}${factsOf(question)}<form>${fields.join('')}
<p><label>I have just started this myself. To go on, type <strong>${question.number}</strong>
<input name="${confirmationFields.number}" inputmode="numeric" autocomplete="off" pattern="\\s*[0-9]{3}\\s*" maxlength="5" size="5" required></label></p>
<button class="go">Continue to sign in</button></form>
${cancel(question)}`
  return pageAnswer(200, 'Did you start this yourself?', body, {
    'content-security-policy': policy(''),
    ...withCookie(cookie),
  })
}

/**
 * Shown instead of a redirect to a website that registered itself. It names the site, because otherwise a link to the front would be an
 * open redirect (RFC 9700 §4.11.2).
 */
export function heldAnswerPage(problem: string, redirectUri: string, returnUrl: string): Response {
  const body = `<p>The program asked for something that is not possible here: ${escaped(problem)}.</p>
<dl><dt>It is from</dt><dd>${escaped(destinationOf(redirectUri))} <small>(not verified)</small></dd></dl>
<a href="${escaped(returnUrl)}" rel="noreferrer">Go there</a>`
  return pageAnswer(400, 'This did not work', body)
}

/** An error page without a redirect. */
export function problemPage(status: number, problem: string): Response {
  return pageAnswer(status, 'This did not work', `<p>${escaped(problem)}</p><p>Start again from your program.</p>`)
}
