/** Query and form parameters: what our rewriting leaves is what the engine reads, the same at each endpoint, and stays when repeated. */
import { parse } from 'node:querystring'
import { Readable } from 'node:stream'
import { formParametersOf, normaliseParameters } from '../../../src/authorization-server/endpoints/parameters.js'
import type { HttpContext } from '../../../src/http/context.js'
import { OAuthError } from '../../../src/oauth/errors.js'
import { canonicalResource } from '../../../src/oauth/resource.js'
import { resources } from '../declared-resources.js'
import { type FuzzTarget, insist, insistEqual, textOf } from '../target.js'

const normalise = normaliseParameters(resources)
/** Of an authorization request (parameters.ts). */
const longestBody = 16_384
const rewritten: ReadonlySet<string> = new Set([
  'resource',
  'scope',
  'redirect_uri',
  'prompt',
  'response_type',
  'client_id',
  'client_secret',
])
/** Left out of a request without `openid`. */
const ofOpenid: ReadonlySet<string> = new Set(
  'acr_values claims claims_locales display id_token_hint max_age nonce registration ui_locales'.split(' '),
)

/** What the engine is handed: a query, or the body of a form. `undefined`: refused. */
async function handedOn(method: string, path: string, text: string): Promise<string | undefined> {
  const req = Object.assign(Readable.from([Buffer.from(text)]), { headers: {} })
  const ctx = { method, path, querystring: text, req, is: () => 'application/x-www-form-urlencoded', state: {} }
  try {
    await normalise(ctx as unknown as HttpContext, async () => undefined)
  } catch (error) {
    if (error instanceof OAuthError && error.status < 500) return undefined
    throw error
  }
  return method === 'GET' ? ctx.querystring : formParametersOf(ctx as unknown as HttpContext)?.toString()
}

/** As Koa and the engine do: the first thousand, lists where a name is repeated. */
function readByEngine(text: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(parse(text)).map(([name, value]) => [name, [value ?? ''].flat()]))
}

function checkHandedOn(sent: string, handed: string): void {
  const [before, after] = [new URLSearchParams(sent), new URLSearchParams(handed)]
  const read = readByEngine(handed)
  for (const name of new Set(after.keys())) {
    insistEqual(read[name], after.getAll(name), 'the engine reads what we wrote', name)
    if (!rewritten.has(name)) insistEqual(after.getAll(name), before.getAll(name), 'other parameters stay', name)
  }
  for (const name of new Set(before.keys())) {
    const mayGo = rewritten.has(name) || ofOpenid.has(name)
    insist(mayGo || after.has(name), 'no other parameter is left out', name)
  }
  insist(!handed.includes('%00'), 'no U+0000 goes on', handed)
  for (const resource of after.getAll('resource')) {
    const known = resources.find(resource)
    insist(known === undefined || known.resource === resource, 'a known resource has its one name', resource)
    insist(known === undefined || canonicalResource(resource) === resource, 'which is canonical', resource)
  }
  const given = before.getAll('scope').length
  insist(
    given < 2 || after.getAll('scope').length === given,
    'a repeated scope is left for the engine to refuse',
    handed,
  )
}

export const parameters: FuzzTarget = {
  name: 'parameters',
  surface: 'query and form parameters: the rewriting is idempotent, and the engine reads the same',
  // Of a token request (parameters.ts).
  maxBytes: 57_344,
  dictionary: [
    'client_id=',
    'scope=',
    'resource=',
    'https%3A%2F%2Fnotes.example%2Fmcp',
    'HTTPS://OLD.example/mcp/',
    'https://files.example',
    'redirect_uri=',
    'http://127.0.0.1:1',
    'grant_type=refresh_token',
    'grant_type=client_credentials',
    'prompt=select_account',
    'client_secret=',
    'openid',
    'nonce=',
    'request_uri=',
    '%00',
    '%zz',
    '&',
    '=',
    '+',
    '__proto__=',
  ],
  check: async (input) => {
    const sent = textOf(input).replace(/[\r\n]/g, '')
    const byQuery = await handedOn('GET', '/authorize', sent)
    if (byQuery !== undefined) {
      checkHandedOn(sent, byQuery)
      insistEqual(await handedOn('GET', '/authorize', byQuery), byQuery, 'a rewritten request stays', sent)
    }
    if (Buffer.byteLength(sent) <= longestBody) {
      insistEqual(await handedOn('POST', '/authorize', sent), byQuery, 'posted it means the same', sent)
    }
    // Rewritten or encoded once more, a request may become longer than a body may be.
    const isShort = (text: string) => text.length <= longestBody
    const withoutSecret = new URLSearchParams(sent)
    withoutSecret.delete('client_secret')
    const plain = withoutSecret.toString()
    if (isShort(plain)) {
      const pushed = await handedOn('POST', '/par', plain)
      insistEqual(pushed, await handedOn('GET', '/authorize', plain), 'pushed it means the same', sent)
    }
    for (const path of ['/token', '/device/authorize']) {
      const handed = await handedOn('POST', path, sent)
      if (handed === undefined || !isShort(handed)) continue
      checkHandedOn(sent, handed)
      insistEqual(await handedOn('POST', path, handed), handed, `rewriting twice changes nothing (${path})`, sent)
    }
  },
}
