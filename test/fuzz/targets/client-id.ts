/** Client identifiers that are URLs (CIMD), and the operator's list of the hosts they may be at. */
import { isIP } from 'node:net'
import { sharedHost } from '../../../src/authorization-server/clients/host-owners.js'
import { claimsMetadataDocument, isMetadataDocumentUrl } from '../../../src/oauth/client-id.js'
import { allowsHost, isHostPattern, matchesHost } from '../../../src/oauth/host-pattern.js'
import { canonicalResource } from '../../../src/oauth/resource.js'
import { type FuzzTarget, insist, insistEqual, linesOf } from '../target.js'

const rules = { allowed: ['good.example', '*.tenant.example'], denied: ['bad.tenant.example', '*.bad.tenant.example'] }

/** The same lists by labels, from the right. */
function isAllowed(hostname: string): boolean {
  const labels = hostname.replace(/\.$/, '').split('.').reverse()
  const isBelow = (...domain: readonly string[]) => domain.every((label, index) => labels[index] === label)
  if (isBelow('example', 'tenant', 'bad')) return false
  return labels.join('.') === 'example.good' || (isBelow('example', 'tenant') && labels.length > 2)
}

function checkAccepted(clientId: string): void {
  const url = new URL(clientId)
  insist(claimsMetadataDocument(clientId), 'a document is looked up as one', clientId)
  insistEqual(url.href, clientId, 'one spelling only')
  insist(clientId.startsWith('https://') && clientId.length <= 1_024, 'https, and bounded', clientId)
  insist(/^[\x21-\x7e]+$/.test(clientId), 'printable ASCII, no blank', clientId)
  insist(url.username === '' && url.password === '' && !/[#\\]/.test(clientId), 'no user, no fragment', clientId)
  insist(isIP(url.hostname) === 0 && !url.hostname.startsWith('['), 'an address is nobody', clientId)
  insist(
    url.hostname.split('.').every((label) => /^[a-z\d-]+$/.test(label)),
    'the host is a name',
    clientId,
  )
  const segments = url.pathname.split('/').map((segment) => segment.replace(/%2e/gi, '.'))
  insist(!segments.includes('.') && !segments.includes('..'), 'no way up', clientId)
  insistEqual(allowsHost(rules, url.hostname), isAllowed(url.hostname), 'the list of hosts is by labels', clientId)
  const shared = sharedHost(url.hostname)
  insist(shared === undefined || url.hostname.endsWith(shared), 'a shared host is above or equal', clientId, shared)
}

function checkPattern(pattern: string, clientId: string): void {
  if (!isHostPattern(pattern) || !isMetadataDocumentUrl(clientId)) return
  const { hostname } = new URL(clientId)
  if (!matchesHost(pattern, hostname)) return
  const name = pattern.replace(/^\*\./, '')
  insist(hostname === name || hostname.endsWith(`.${name}`), 'a pattern covers its own domain', pattern, hostname)
}

/** By segments, and in linear time. */
function pathOf({ pathname }: URL): string {
  const segments = pathname.split('/')
  return segments.slice(0, segments.findLastIndex((segment) => segment !== '') + 1).join('/')
}

function checkResource(identifier: string): void {
  const canonical = canonicalResource(identifier)
  if (canonical === undefined) return
  insistEqual(canonicalResource(canonical), canonical, 'the canonical spelling is its own', identifier)
  const [given, written] = [new URL(identifier), new URL(canonical)]
  insistEqual(
    [written.protocol, written.host, written.search],
    [given.protocol, given.host, given.search],
    'same place',
    identifier,
  )
  insistEqual(pathOf(written), pathOf(given), 'same path', identifier)
  insist(written.username === '' && written.hash === '', 'no user and no fragment', identifier)
}

export const clientId: FuzzTarget = {
  name: 'client-id',
  surface: 'client identifiers that are URLs, lists of hosts, resource identifiers',
  // A resource identifier may fill the body of a token request.
  maxBytes: 57_344,
  dictionary: [
    'https://',
    'HTTPS:',
    'good.example',
    'tenant.example',
    'bad.tenant.example',
    '%2e%2e',
    '/./',
    '@',
    ':443',
    '[::1]',
    '\u3002',
    'xn--',
    '*.',
  ],
  check: (input) => {
    const [identifier = '', pattern = ''] = linesOf(input, 2)
    if (isMetadataDocumentUrl(identifier)) checkAccepted(identifier)
    checkPattern(pattern, identifier)
    checkResource(identifier)
    checkResource(pattern)
  },
}
