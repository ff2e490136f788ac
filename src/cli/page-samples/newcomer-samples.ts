/** Samples of the pages by which people come. */
import type { Views } from '../../authorization-server/pages/views.js'
import { forEachHostile } from './hostile-samples.js'

const csrfToken = 'sample-csrf-token'
const signUp = { email: '', name: '', passwordLength: 15, errors: {}, action: '/sign-up', csrfToken }

type Newcomers = 'invite' | 'sign-up' | 'sign-up-sent' | 'verify'

export const newcomerSamples: { readonly [Name in Newcomers]: Readonly<Record<string, Views[Name]>> } = {
  invite: {
    first: { email: 'ada@example.com', name: '', passwordLength: 15, action: '/invite/sample', csrfToken },
    ...forEachHostile((text) => ({
      ...{ email: text, name: text, passwordLength: 15, error: 'too-short' as const },
      ...{ action: '/invite/sample', csrfToken },
    })),
  },
  'sign-up': {
    first: { ...signUp, domains: [] },
    'of domains': { ...signUp, domains: ['example.com', 'example.org'] },
    mistakes: { ...signUp, domains: [], email: 'ada', errors: { email: 'no-address', password: 'too-short' } },
    ...forEachHostile((text) => ({
      ...{ ...signUp, domains: [text], email: text, name: text },
      errors: { email: 'other-domain' as const },
    })),
  },
  'sign-up-sent': {
    sent: { email: 'ada@example.com' },
    ...forEachHostile((text) => ({ email: text })),
  },
  verify: {
    'same browser': {
      email: 'ada@example.com',
      asksPassword: false,
      isWrong: false,
      action: '/verify/sample',
      csrfToken,
    },
    ...forEachHostile((text) => ({
      email: text,
      asksPassword: true,
      isWrong: true,
      action: '/verify/sample',
      csrfToken,
    })),
  },
}
