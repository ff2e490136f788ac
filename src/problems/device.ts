/** Errors for polling devices (RFC 8628). What the person sees is in pages.ts. */
import type { Problems } from './problem.js'

export const deviceProblems = {
  'device-pending': {
    error: 'authorization_pending',
    says: ["authorization request is still pending as the end-user hasn't yet completed the user interaction steps"],
    means: 'The person has not answered yet. This is not a failure.',
    change: { client: 'Poll again after `interval` seconds.' },
  },
  'device-poll-too-fast': {
    error: 'slow_down',
    says: [
      'poll less often: add five seconds to the interval',
      'you are polling too quickly and should back off at a reasonable rate',
    ],
    means: 'The device polls more often than `interval` allows.',
    change: { client: 'Add five seconds to the interval for the rest of this flow (RFC 8628 §3.5).' },
  },
  'device-code-expired': {
    error: 'expired_token',
    says: ['device code is expired'],
    means: 'Nobody entered the code within ten minutes.',
    change: { client: 'Request a new device code, and show the new user code.' },
  },
  'device-code-not-found': {
    error: 'invalid_grant',
    logs: ['device code not found', 'device code already consumed', 'DeviceCode was already used'],
    means: 'The server does not know the device code, or its tokens were fetched before.',
    change: { client: 'Send `device_code` unchanged, and stop polling after the first response with tokens.' },
  },
  'device-code-answered': {
    error: 'invalid_grant',
    logs: ['the device code was approved or denied already'],
    means: 'Two browsers answered the same code. The first answer counts.',
    change: { person: 'Start again on the device if it is still waiting.' },
  },
  'device-codes-limit': {
    error: 'temporarily_unavailable',
    says: ['too many device codes, try again later'],
    logs: ['too many device codes, try again later'],
    means:
      'More device codes were requested or entered, from one network or in total, than the limits allow in a quarter of an hour.',
    change: {
      client: 'Wait as `Retry-After` says. Request one code and wait for its result.',
      operator: 'Set `TRUSTED_PROXIES` if all devices appear to have one address.',
    },
    show: 'gatehouse config print',
  },
  'device-flow-unknown-client': {
    error: 'invalid_client',
    logs: [
      'the code was not found',
      'the code has expired',
      'code has already been used',
      'no code submitted',
      'the interaction was aborted',
    ],
    means: 'The person entered a wrong, expired or used code, or none. The page says so and asks again.',
    change: { person: 'Compare the code with the device, or start again on the device.' },
  },
} satisfies Problems
