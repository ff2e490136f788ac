/** Who a client is, as far as we can tell, and where its redirects lead: what the consent page says about it. */
import { createHash } from 'node:crypto'
import { redirectKind } from '../../oauth/redirect-uri.js'
import type { ClientIdentity, RedirectTarget } from '../views.js'
import type { ClientMetadata } from './registration.js'

/** The engine's client, as far as identity needs it. */
export interface IdentifiedClient {
  readonly clientId: string
  readonly clientName?: string | undefined
  readonly redirectUris?: readonly string[] | undefined
  readonly metadata: () => ClientMetadata
  readonly isMetadataDocument: boolean
}

/** Names people know; a stranger who calls itself so gets a warning. Lower case, letters only. */
const knownProducts: Readonly<Record<string, string>> = {
  claude: 'Claude',
  anthropic: 'Anthropic',
  chatgpt: 'ChatGPT',
  openai: 'OpenAI',
  codex: 'Codex',
  cursor: 'Cursor',
  visualstudiocode: 'Visual Studio Code',
  vscode: 'Visual Studio Code',
  copilot: 'GitHub Copilot',
  github: 'GitHub',
  gemini: 'Gemini',
  google: 'Google',
  microsoft: 'Microsoft',
  windsurf: 'Windsurf',
  perplexity: 'Perplexity',
}

/** Folds look-alike spellings: width, accents, common digit and Cyrillic or Greek look-alikes, and everything but letters. */
function foldName(name: string): string {
  const lookAlikes: Readonly<Record<string, string>> = {
    '0': 'o',
    '1': 'l',
    '3': 'e',
    '5': 's',
    а: 'a',
    с: 'c',
    е: 'e',
    о: 'o',
    р: 'p',
    ѕ: 's',
    і: 'i',
    ԁ: 'd',
    һ: 'h',
    ο: 'o',
    α: 'a',
    ε: 'e',
    ι: 'i',
    ѵ: 'v',
  }
  const folded = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/./gu, (letter) => lookAlikes[letter] ?? letter)
  return folded.replace(/[^a-z]/g, '')
}

/** The well-known product whose name an unproven client's name resembles. */
export function resembledProduct(name: string): string | undefined {
  const folded = foldName(name)
  return Object.entries(knownProducts).find(([product]) => folded.includes(product))?.[1]
}

/** The name shown for a client; one without a name is called by its id. */
export function displayName(client: IdentifiedClient): string {
  const name = client.clientName?.trim()
  if (name !== undefined && name !== '') return name
  return client.isMetadataDocument ? new URL(client.clientId).host : client.clientId
}

/** `isStatic`: the operator made it. */
export function identityOf(client: IdentifiedClient, isStatic: boolean): ClientIdentity {
  if (client.isMetadataDocument) return { kind: 'verified', host: new URL(client.clientId).host }
  return isStatic ? { kind: 'known' } : { kind: 'unverified' }
}

/** Where a redirect URI of this client leads. */
export function redirectTarget(redirectUri: string, client: IdentifiedClient): RedirectTarget {
  const url = new URL(redirectUri)
  switch (redirectKind(redirectUri)) {
    case 'loopback':
      return {
        kind: 'loopback',
        onlyLoopback: (client.redirectUris ?? []).every((uri) => redirectKind(uri) === 'loopback'),
      }
    case 'private-use':
    case 'forbidden':
      return { kind: 'private-use', scheme: url.protocol.slice(0, -1) }
    case 'https':
      return { kind: 'https', host: url.host }
  }
}

/** Changes when anything changes that a person relied on when consenting. */
export function consentFingerprint(client: IdentifiedClient): string {
  const relevant = [
    'client_name',
    'redirect_uris',
    'client_uri',
    'policy_uri',
    'tos_uri',
    'jwks',
    'jwks_uri',
    'token_endpoint_auth_method',
  ]
  const metadata = client.metadata()
  const seen = relevant.map((name) => [name, metadata[name] ?? null])
  return createHash('sha256').update(JSON.stringify(seen)).digest('base64url')
}
