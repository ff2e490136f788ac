/** Refusals by the rules of a resource: which clients, scopes and refreshes it allows. The log names the rule and its position. */
import type { Problems } from './problem.js'

export const resourceProblems = {
  'resource-gone': {
    error: 'invalid_grant',
    logs: ['the resource is gone', 'every resource of the grant is gone'],
    means: 'The resource of the grant is no longer declared, or another resource has its URL now.',
    change: {
      client: 'Read the metadata of the MCP server again, and authorize again.',
      operator: 'Declare the resource again if it was removed by mistake, or add its former URL to the aliases.',
    },
    show: 'gatehouse doctor',
  },
  'resource-not-granted': {
    error: 'invalid_target',
    says: ['the resource was not granted'],
    means: 'The token request names a resource that the person did not grant to this client.',
    change: { client: 'Name a resource of the authorization request, or authorize again for the other resource.' },
  },
  'resource-not-for-client': {
    error: 'invalid_target',
    says: ['the client is not for this resource'],
    means: 'The operator restricted the client to other resources.',
    change: { operator: 'Add the resource to `resources` of the client.' },
    show: 'gatehouse clients show <client_id>',
  },
  'resource-bars-scopes': {
    error: ['invalid_scope', 'access_denied'],
    says: [
      'the resource does not allow this client what it asks for',
      'the resource does not allow such a client what it asks for',
    ],
    means:
      'The declaration of the resource limits the scopes of this class of clients, and none of the requested scopes is allowed.',
    change: { client: 'Request fewer scopes.', operator: 'Extend the list of scopes (`clients`) that the log names.' },
  },
  'resource-withholds-scopes': {
    error: ['access_denied', 'invalid_grant', 'invalid_scope'],
    says: ['the person may not grant what the client asks for'],
    means: "None of the person's groups may grant any of the requested scopes at this resource (`access`).",
    change: {
      client: 'Ask for fewer scopes.',
      operator: 'Put the person into a group that may grant them, or change the rule that the log names.',
    },
    show: 'gatehouse policy test --person <email> --client <client_id> --resource <id|url>',
  },
  'resource-bars-refresh': {
    error: 'invalid_grant',
    logs: ['refused by {}'],
    means: 'The resource allows no refresh tokens, or the sign-in is older than it accepts. The log names the rule.',
    change: {
      client: 'Send the person through authorization again.',
      operator: 'Change `tokens.refresh` or `tokens.max_auth_age`.',
    },
  },
  'resource-demands-dpop': {
    error: 'invalid_dpop_proof',
    says: ['the resource takes tokens with a DPoP proof only'],
    means: 'The resource accepts key-bound tokens only (`tokens.dpop`), and the request has no proof.',
    change: {
      client: 'Send a DPoP proof with the token request (RFC 9449 §5).',
      operator: 'Make DPoP optional if its clients do not support it.',
    },
    show: 'gatehouse doctor',
  },
} satisfies Problems
