/** Request lines, Host, Origin and Accept: which server, page or form is meant. */
import type { IncomingMessage } from 'node:http'
import type Koa from 'koa'
import { pinOrigin, requestTarget } from '../../../src/http/host-pinning.js'
import { parseChallenges } from '../../../src/oauth/challenge.js'
import { OAuthError } from '../../../src/oauth/errors.js'
import { createOriginList } from '../../../src/oauth/web-origin.js'
import { targetOf } from '../../../src/resource-server/request.js'
import { createRequestChecks } from '../../../src/resource-server/request-checks.js'
import { type FuzzTarget, headerTextOf, insist, insistEqual, linesOf } from '../target.js'

const origin = 'https://auth.example'
const other = 'http://localhost:3000'
const pin = pinOrigin({ origin, alsoPublicOrigins: [other], alsoAnswerHosts: ['auth:3000'] })
const hosts = ['auth.example', 'auth.example:443', 'localhost:3000', 'auth:3000']
const mayCall = createOriginList(['https://app.example', 'vscode-webview://*'])
const checks = createRequestChecks({ hosts, origins: ['https://app.example', 'vscode-webview://*'] })

/** What a request goes on as; `undefined`: refused. */
async function pinned(url: string, host: string): Promise<{ origin: unknown; url: string } | undefined> {
  const req = { url, headers: { host }, rawHeaders: ['Host', host] }
  const ctx = { req, request: { originalUrl: url }, state: {} as Record<string, unknown> }
  try {
    await pin(ctx as unknown as Koa.ParameterizedContext, async () => undefined)
  } catch (error) {
    if (error instanceof OAuthError && (error.status === 400 || error.status === 421)) return undefined
    throw error
  }
  return { origin: ctx.state['origin'], url: req.url }
}

async function checkTarget(url: string, host: string): Promise<void> {
  const asked = requestTarget({ url, headers: { host } } as IncomingMessage)
  const found = await pinned(url, host)
  if (found === undefined) return
  insist(found.origin === origin || found.origin === other, 'one of our own origins', found)
  insist(hosts.includes(asked.host.toLowerCase()), 'for one of our own hosts', asked)
  insist(found.url.startsWith('/'), 'it goes on as a path', found)
  const target = targetOf({ method: 'GET', url: found.url, headers: { host } })
  insistEqual(found.url.split(/[?#]/)[0], target.path, 'both servers read the same path', url)
  if (url.startsWith('/')) insistEqual(found.url, url, 'a path stays as it was written')
}

function checkOrigin(given: string): void {
  const isAllowed = mayCall(given)
  const lower = given.toLowerCase()
  insistEqual(
    isAllowed,
    lower === 'https://app.example' || /^vscode-webview:\/\/(?!\*)[\w.~-]+(?::\d{1,5})?$/.test(lower),
    'exactly the list',
    given,
  )
  const refusal = checks({ host: 'auth.example', origin: given, protocolVersion: undefined })
  if (refusal !== undefined || given === '' || isAllowed) return
  insist(['localhost', '127.0.0.1', '[::1]'].includes(new URL(given).hostname), 'else a page of this machine', given)
  insistEqual(new URL(given).origin, lower, 'spelled as browsers do', given)
}

function checkRevision(version: string): void {
  const refusal = checks({ host: 'auth.example', origin: undefined, protocolVersion: version })
  const body = JSON.stringify(refusal?.body ?? {})
  insist(body.length < 400, 'an answer repeats little', body)
  insist(
    refusal !== undefined || version === '' || /^\d{4}-\d\d-\d\d$/.test(version),
    'a revision that there is',
    version,
  )
}

export const requestTargetTarget: FuzzTarget = {
  name: 'request-target',
  surface: 'request lines, Host, Origin, protocol revisions and challenges',
  maxBytes: 16_384,
  dictionary: [
    'https://auth.example',
    'http://localhost:3000',
    'auth:3000',
    'AUTH.example:443',
    'vscode-webview://x',
    'https://app.example',
    '//',
    '\\',
    '@',
    '*',
    '#',
    '?',
    '2025-11-25',
    'Bearer realm="',
    'null',
  ],
  check: (input) => {
    const [url = '', host = '', given = ''] = linesOf(input, 3).map((line) => headerTextOf(Buffer.from(line)))
    checkOrigin(given)
    checkRevision(given)
    for (const { scheme } of parseChallenges(given))
      insist(/^[!#$%&'*+\-.^_`|~\w]+$/.test(scheme), 'a scheme is a token', scheme)
    return checkTarget(url.replace(/[ \t]/g, ''), host)
  },
}
