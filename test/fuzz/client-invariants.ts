/** What holds for every client that a stranger made, whichever way its metadata came. */
import { redirectKind } from '../../src/oauth/redirect-uri.js'
import { clientOf, type MadeClient, registrationRules, type Way } from './engine-client.js'
import { insist, insistEqual } from './target.js'

type Metadata = Readonly<Record<string, unknown>>

const offeredGrants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']
const offeredMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']
/** What the operator says of a client, and nobody else. */
const ofOperator = [
  'introspects',
  'made_by_operator',
  'demands_auth_method',
  'client_secret_sha256',
  'consent',
  'require_pkce',
  'scope',
]
const links = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri']
const fetched = ['jwks_uri', 'sector_identifier_uri']
const shownTexts = ['client_name', 'software_id', 'software_version', ...links]

/**
 * By code points, from the Unicode charts: C0, C1, soft hyphen, joiners, marks of direction, separators of lines and paragraphs, tags,
 * fillers, halves of surrogate pairs. Not the classes that the product uses.
 */
const deceptive =
  // biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/u
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

function listOf(metadata: Metadata, name: string): readonly unknown[] {
  const value = metadata[name]
  return Array.isArray(value) ? value : []
}

function checkRedirects(client: MadeClient, metadata: Metadata, sent: Metadata): void {
  const redirects = listOf(metadata, 'redirect_uris')
  insist(redirects.length <= 20, 'few redirects', redirects.length)
  for (const uri of redirects) {
    insist(typeof uri === 'string' && uri.length <= 2_000, 'a redirect is text, bounded', uri)
    insist(listOf(sent, 'redirect_uris').includes(uri), 'no redirect is made up', uri)
    insist(client.redirectUriAllowed(uri), 'what is registered is accepted at the authorization endpoint', uri)
    const kind = redirectKind(uri)
    const isListed = registrationRules.allowedPrivateUseRedirects.has(uri)
    insist(
      kind === 'https' || kind === 'loopback' || (kind === 'private-use' && isListed),
      'it may be registered',
      uri,
      kind,
    )
  }
  for (const uri of listOf(metadata, 'post_logout_redirect_uris')) {
    insist(typeof uri === 'string' && redirectKind(uri) !== 'forbidden', 'it may be registered for the way out', uri)
  }
}

function checkShown(metadata: Metadata): void {
  const contacts = listOf(metadata, 'contacts')
  for (const text of [...shownTexts.map((name) => metadata[name]), ...contacts]) {
    if (text === undefined) continue
    insist(typeof text === 'string' && text.length <= 2_000, 'what is shown is text, bounded', text)
    insist(!deceptive.test(text), 'what is shown holds nothing invisible', text)
  }
  insist(
    [...String(metadata['client_name'] ?? '')].length <= 200 && contacts.length <= 20,
    'names are short, contacts few',
  )
  for (const name of [...links, ...fetched]) {
    const link = metadata[name]
    if (typeof link !== 'string') continue
    const { protocol, username, password } = new URL(link)
    const schemes = fetched.includes(name) ? ['https:'] : ['https:', 'http:']
    insist(
      schemes.includes(protocol) && username === '' && password === '',
      'links are of the web, without user',
      name,
      link,
    )
  }
}

function checkRights(metadata: Metadata): void {
  for (const name of ofOperator) insist(metadata[name] === undefined, 'only the operator says it', name, metadata[name])
  const grants = listOf(metadata, 'grant_types')
  insist(
    grants.every((grant) => offeredGrants.includes(String(grant))),
    'grants that strangers may use',
    grants,
  )
  insist(
    listOf(metadata, 'response_types').every((type) => type === 'code'),
    'code alone',
    metadata['response_types'],
  )
  const method = String(metadata['token_endpoint_auth_method'])
  insist(offeredMethods.includes(method), 'a method that there is', method)
}

/** `sent`: what the stranger wrote. */
export function checkStrangersClient(client: MadeClient, sent: Metadata, way: Way): void {
  const metadata = client.metadata()
  insist(JSON.stringify(metadata).length <= 20_000, 'what is kept is bounded')
  checkRedirects(client, metadata, sent)
  checkShown(metadata)
  checkRights(metadata)
  for (const again of [way, 'load'] as const) {
    const { client_secret_expires_at: _, ...known } = metadata
    const made = clientOf(known, again)
    insist(made !== undefined, `what was accepted is accepted again (${again})`, metadata)
    const { client_secret_expires_at: __, ...afterwards } = made.metadata()
    insistEqual(afterwards, known, `reading it again changes nothing (${again})`)
  }
}
