/** Pages of people who sign in with another identity provider. */
import type { Problems } from './problem.js'

export const providerPages = {
  'provider-sign-in-lost': {
    says: ['That sign-in did not begin here'],
    logs: [
      'no sign-in that this browser began has this state',
      'the answer came to the address of another identity provider',
      'the identity provider is declared no more',
      'the identity provider does not say when a person signed in',
    ],
    means:
      'The browser came back from an identity provider with a `state` that it did not begin, or that was used, is older than 15 minutes, or belongs to another provider. So a sign-in that somebody else began is refused.',
    change: {
      person: 'Begin again, in one browser.',
      operator:
        'If it happens to everybody, compare the callback that is registered at the provider with `ISSUER_URL/sign-in/<id>/callback`, and see whether the proxy passes cookies on.',
    },
    show: 'gatehouse audit list',
  },
  'provider-unavailable': {
    says: ['The other sign-in does not answer'],
    logs: ['the identity provider cannot be asked: fetch failed'],
    means:
      'The metadata, the token endpoint or the API of an identity provider could not be reached, or answered with no answer. `errorDetail` in the log says which.',
    change: {
      operator:
        'Open `<issuer>/.well-known/openid-configuration` from this machine, and compare its `issuer` with `gatehouse.yaml`.',
      person: 'Try again in a minute, or sign in another way.',
    },
    show: 'gatehouse audit list',
  },
  'provider-declined': {
    says: ['The other sign-in said no'],
    logs: ['the identity provider declined: access_denied'],
    means:
      'The identity provider sent an error in place of a code: the person declined, or may not use this client there. `errorDetail` in the log has its code.',
    change: {
      person: 'Try again, or sign in another way.',
      operator: 'Look at the client of this server at the provider: its callback, and who may use it.',
    },
    show: 'gatehouse audit list',
  },
  'provider-answer-refused': {
    says: ['We could not use that sign-in'],
    logs: [
      'the answer of the identity provider was refused: unexpected ID Token nonce',
      'there is no ID token',
      'the person did not sign in again',
    ],
    means:
      'The answer of an identity provider does not hold: another issuer, nonce, subject or signature than expected, a code or secret that it did not take, or a sign-in that is older than asked for. `errorDetail` in the log says which.',
    change: {
      operator:
        'Compare `issuer`, `client_id` and the secret in `gatehouse.yaml` with the provider, and the two clocks.',
      person: 'Try once more.',
    },
    show: 'gatehouse audit list',
  },
  'provider-no-account': {
    says: ['There is no account here for that sign-in'],
    means:
      'The person signed in at an identity provider, and no account is linked to them, or it is disabled. `create_accounts` is false, or the provider did not verify their address.',
    change: {
      operator: 'Add an account that the person can connect, or set `create_accounts` of the provider.',
      person: 'Ask the operator for an account.',
    },
    show: 'gatehouse audit list',
  },
  'provider-connect-first': {
    says: ['Sign in to your account first, then connect'],
    means:
      'The address that an identity provider named belongs to an account that is not linked to the person there. Addresses change hands, so an account is joined by address only if both sides verified it and `authoritative_for` has its domain.',
    change: {
      person: 'Sign in as before, and connect the provider on the security page of the account.',
      operator: 'List the domain in `authoritative_for` if the provider may speak for every address of it.',
    },
    show: 'gatehouse audit list',
  },
  'provider-linked-elsewhere': {
    says: ['That sign-in belongs to another account'],
    means: 'A person wanted to connect a sign-in at an identity provider that another account is linked to.',
    change: { person: 'Unlink it in the other account first.' },
    show: 'gatehouse audit list',
  },
} satisfies Problems
