/** Why a client whose `client_id` is a URL is not accepted: its document, its keys, its host (CIMD). */
import type { Problems } from './problem.js'

export const clientDocumentProblems = {
  'client-not-checked': {
    error: ['invalid_client', 'temporarily_unavailable'],
    says: ['the client could not be checked'],
    means:
      'The server could not read the document at the `client_id` URL, or the document is not valid. All causes look alike from outside, because otherwise a stranger could explore networks through this server. The log names the cause.',
    change: {
      client:
        'Publish a valid JSON document at exactly the URL that you send, on a public host, with status 200 and no redirect.',
      operator: 'Read `errorDetail` of the request in the log. Each detail has its own entry on this page.',
    },
    show: 'curl -si <client_id>',
  },
  'client-host-refused': {
    error: 'invalid_client',
    says: ['the client is not accepted'],
    logs: ['the operator does not allow this host', 'refused or failed: the operator does not allow this host'],
    means: '`CLIENT_METADATA_ALLOWED_HOSTS` or `CLIENT_METADATA_DENIED_HOSTS` excludes the host of the client.',
    change: { operator: 'Change the two host lists if this client should be accepted.' },
    show: 'gatehouse config print',
  },
  'client-url-invalid': {
    error: 'invalid_client',
    logs: ['not the URL of a metadata document'],
    means: 'The `client_id` begins like a URL, but it cannot be the URL of a document.',
    change: { client: 'Use an https URL with a path, without query, fragment, user or dot segments.' },
    show: 'curl -s "$ISSUER/authorize?response_type=code&client_id=https://app.example"',
  },
  'document-unreachable': {
    logs: [
      '{}: refused or failed: the name does not resolve{}',
      '{}: refused or failed: the fetch failed{}',
      '{}: refused or failed: the answer has status {}{}',
      '{}: refused or failed: the answer is compressed{}',
    ],
    means: 'The host of the document does not answer with status 200 to a plain GET.',
    change: {
      client: 'Answer 200 with the document itself. Redirects and compression are refused.',
      operator: 'Check that this server can reach the internet.',
    },
    show: 'curl -si <client_id>',
  },
  'document-address-private': {
    logs: [
      '{}: refused or failed: the name leads to an address that is not public{}',
      '{}: refused or failed: the address is not public{}',
      '{}: refused or failed: the name is not public{}',
      '{}: refused or failed: only https is fetched{}',
    ],
    means:
      'The document is on a private network or not on https. The server fetches from public hosts only, so that nobody can explore the operator’s network through it (SSRF).',
    change: {
      client: 'Publish the document on a public host.',
      operator: 'For tests on one computer, set `dangerouslyAllowLoopbackClientMetadata`.',
    },
    show: 'gatehouse config print',
  },
  'document-malformed': {
    logs: [
      '{}: refused or failed: the answer is not JSON by its type{}',
      '{}: refused or failed: the answer is too large{}',
      '{}: refused or failed: the answer is not UTF-8{}',
      '{}: refused or failed: the document is not JSON{}',
      '{}: refused or failed: the document is not a JSON object{}',
    ],
    means:
      'The response is not a JSON object, has a different content type, or is larger than 5 KiB (a key set: 64 KiB).',
    change: { client: 'Serve a small JSON object as `application/json`.' },
    show: 'curl -si <client_id>',
  },
  'document-rule': {
    logs: [
      '{}: refused or failed: the document breaks the rule that {}',
      '{}: refused or failed: such a client may not be registered{}',
    ],
    means: 'The document is readable, but its content breaks a rule of the draft, of MCP, or of registration.',
    change: {
      client:
        'Correct the member that the log names. `client_id` must be the URL itself, and shared secrets are not allowed.',
    },
    show: 'curl -si <client_id>',
  },
  'document-keys': {
    logs: [
      '{}: refused or failed: the document is not a key set{}',
      '{}: refused or failed: the key set holds keys that are not public{}',
      '{}: refused or failed: the key set holds more than {} keys{}',
    ],
    means: 'The key set at `jwks_uri` is not valid, too long, or holds a private key.',
    change: { client: 'Publish public keys only. If you published a private key, replace it.' },
    show: 'curl -si <jwks_uri>',
  },
  'document-queue-full': {
    logs: [
      '{}: {}too many fetches are running{}',
      '{}: too many requests of one address wait for client documents',
      '{}: too many requests wait for client documents',
    ],
    means: 'Too many documents are being fetched: in total, from one host or for one sender.',
    change: { client: 'Try again in a minute.', operator: 'Check which senders name many different documents.' },
  },
  'engine-document-fetch': {
    error: ['invalid_client', 'invalid_client_metadata'],
    says: [
      'client_id metadata document fetch failed',
      'client_id metadata document is not a JSON object',
      'client_id metadata document client_id does not match the expected value',
      'client_id metadata document must not use shared-secret token endpoint authentication methods',
      'client_id metadata document must not contain client_secret or client_secret_expires_at',
      'client_id metadata document {} must be an https: URL',
      'client is not allowed',
      'client_id metadata document fetch not allowed',
    ],
    logs: ['unexpected response status {}'],
    means:
      'The engine’s own reader of metadata documents refused the client. This server reads documents itself and keeps that reader switched off.',
    change: { operator: 'Report it with the request id: it should not occur.' },
  },
} satisfies Problems
