/**
 * A client's own HTTP requests. One that runs in a web page gets no further than its browser would let it: each request is
 * preceded by its preflight and fails when the page could not read the answer (Fetch §3.2). No client follows a redirect of an
 * OAuth or MCP request.
 */

export interface ClientRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | URLSearchParams
}

/** Headers a page may send without asking. */
const simpleHeaders: ReadonlySet<string> = new Set(['accept', 'accept-language', 'content-language'])

function needsLeave(request: ClientRequest): string[] {
  const names = Object.keys(request.headers ?? {}).map((name) => name.toLowerCase())
  const isForm = request.body instanceof URLSearchParams
  return names.filter((name) => !simpleHeaders.has(name) && !(isForm && name === 'content-type'))
}

function listed(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? '').toLowerCase().split(/, */)
}

function checkOrigin(url: string, { headers }: Response, origin: string): void {
  const allowed = headers.get('access-control-allow-origin')
  if (allowed !== '*' && allowed !== origin) throw new Error(`a page on ${origin} may not read ${url} (${allowed})`)
}

async function preflight(url: string, request: ClientRequest, origin: string): Promise<void> {
  const method = request.method ?? 'GET'
  const names = needsLeave(request)
  if (names.length === 0) return
  const response = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': names.join(','),
    },
  })
  checkOrigin(url, response, origin)
  const missing = names.filter((name) => !listed(response.headers, 'access-control-allow-headers').includes(name))
  if (!response.ok || missing.length > 0) throw new Error(`${url} does not let a page send ${missing.join(', ')}`)
  const methods = listed(response.headers, 'access-control-allow-methods')
  if (method === 'POST' && !methods.includes('post')) throw new Error(`${url} does not let a page ${method}`)
}

/** `origin`: of the page the client runs in, if it does. */
export async function clientFetch(url: string, request: ClientRequest, origin?: string): Promise<Response> {
  if (origin !== undefined) await preflight(url, request, origin)
  const { method = 'GET', headers = {}, body } = request
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(origin === undefined ? {} : { origin }) },
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  })
  if (response.status >= 300 && response.status < 400) throw new Error(`${url} redirects`)
  if (origin === undefined) return response
  checkOrigin(url, response, origin)
  const isChallenge = response.headers.has('www-authenticate')
  if (isChallenge && !listed(response.headers, 'access-control-expose-headers').includes('www-authenticate')) {
    throw new Error(`a page cannot read the challenge of ${url}`)
  }
  return response
}
