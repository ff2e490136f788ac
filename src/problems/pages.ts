/** What people see: the error pages, by their kind, and the messages of forms. Each entry quotes the text of the page, for a search. */
import { providerPages } from './identity-providers.js'
import type { Problems } from './problem.js'

const log = 'Find the line of the log with the request number of the page.'

/** views/error.ejs: the keys are the kinds of error pages. */
export const errorPages = {
  ...providerPages,
  'interaction-expired': {
    says: ['This sign-in has expired'],
    means:
      'The sign-in is older than an hour, has ended, or was started in another browser. Its cookie is missing or belongs to another sign-in.',
    change: {
      person: 'Go back to the program and connect again.',
      operator: 'If it happens to everyone, check that the proxy passes cookies on.',
    },
  },
  'interaction-used': {
    says: ['This step is already done'],
    means: 'The person answered this request before, in another tab or before going back. The first answer counts.',
    change: { person: 'Go back to the program; connect again if it is still waiting.' },
  },
  'form-expired': {
    says: [
      'Please send that once more',
      'This page was open for too long. Please sign in once more.',
      'This page was open for too long, or was sent twice. Please enter the code once more.',
    ],
    logs: ['CSRF check failed', 'cross-site request that is not a navigation'],
    means:
      'The CSRF token of the form is invalid: the page was open for too long, the browser keeps no cookies, or another site sent the form.',
    change: {
      person: 'Go back, load the page again and repeat the answer.',
      operator: 'If it happens to everyone, compare `ISSUER_URL` with the address in the browser.',
    },
    show: 'gatehouse doctor --local auth',
  },
  'unknown-client': {
    says: ['This program is not known here'],
    means:
      'No client has the `client_id` of the request. Registrations that nobody uses are removed after `IDLE_CLIENT_DAYS`.',
    change: {
      person: 'Remove the server in the program and add it again.',
      client: 'Register again if the authorization server no longer knows the stored `client_id`.',
    },
    show: 'gatehouse clients list',
  },
  'client-unavailable': {
    says: ['We could not check this program'],
    means: 'The `client_id` is a URL, and its document cannot be read or is not valid. The log names the cause.',
    change: { client: 'Publish a valid document at the URL.', operator: 'Read `errorDetail` in the log.' },
    show: 'curl -si <client_id>',
  },
  'client-refused': {
    says: ['This server does not accept this program'],
    means: 'The host lists of the operator exclude the host of the client.',
    change: {
      operator:
        'Change `CLIENT_METADATA_ALLOWED_HOSTS` or `CLIENT_METADATA_DENIED_HOSTS` if the client should be accepted.',
    },
    show: 'gatehouse config print',
  },
  'bad-redirect': {
    says: ['We will not send you there'],
    means: 'The redirect URI of the request is not registered, so the response could reach somebody else.',
    change: {
      client: 'Send a registered redirect URI, character for character.',
      person: 'If you followed a link, close the window.',
    },
    show: 'gatehouse clients show <client_id>',
  },
  'bad-request': {
    says: ['The program asked in a way we cannot answer'],
    logs: ['no decision'],
    means:
      'The authorization request is incomplete or contradicts itself. The code at the bottom of the page and the log say how.',
    change: { client: 'Correct the request as the entry of that code describes.', operator: log },
  },
  'access-denied': {
    says: ['No access was given'],
    means: 'The person or a rule denied the request.',
    change: { person: 'Connect again if you did not intend this.' },
    show: 'gatehouse audit list --event consent.denied',
  },
  'unknown-resource': {
    says: ['This server is not looked after here'],
    means: 'The `resource` of the request is an MCP server that this authorization server issues no tokens for.',
    change: {
      client: 'Send the `resource` of the metadata.',
      operator: 'Compare `RESOURCE_URL` with the address that people were given.',
    },
    show: 'gatehouse doctor',
  },
  'set-up-unavailable': {
    says: ['This set-up link no longer works'],
    means: 'The link was used, has expired, or an account exists already.',
    change: { operator: 'Restart the server for a new link, or add an account on the command line.' },
    show: 'gatehouse accounts list',
  },
  'link-ended': {
    says: ['This link no longer works'],
    means: 'The link of a mail, or of `gatehouse accounts reset-link`, was used, has expired, or is not complete.',
    change: {
      person: 'Ask for a new link: choose “Forgot password?” where you sign in.',
      operator: 'Make a link if the server sends no mail.',
    },
    show: 'gatehouse accounts reset-link <email>',
  },
  'sign-up-ended': {
    says: ['This link no longer works'],
    means:
      'The link of a sign-up was used, has expired, or the address has an account. Or `sign_up` no longer lets it in.',
    change: { person: 'Sign in if you have made your account; otherwise sign up again.' },
  },
  'invitation-ended': {
    says: ['This invitation no longer works'],
    means:
      'The invitation was used, has expired, was replaced by a newer one, or the address has an account. Or `sign_up` is `closed` by now.',
    change: {
      person: 'Sign in if you have made your account; otherwise ask for a new invitation.',
      operator: 'Make a new link.',
    },
    show: 'gatehouse accounts invite <email>',
  },
  'not-found': {
    says: ['There is nothing at this address'],
    means: 'No page has this address.',
    change: { person: 'Check the address.' },
  },
  'wrong-host': {
    says: ['This server goes by another name'],
    means: 'The browser used a host name that the server does not serve.',
    change: {
      operator: 'Configure the proxy to pass the Host header unchanged, and compare it with `ISSUER_URL`.',
      person: 'Use the address that you were given.',
    },
    show: 'gatehouse doctor',
  },
  busy: {
    says: ['Too much at once', 'Many people are signing in right now. Wait a few seconds and try again.'],
    means: 'The server cannot answer right now: its database does not answer, or a queue is full.',
    change: { person: 'Try again in a minute.', operator: 'Check the database and the load.' },
    show: 'gatehouse doctor --local',
  },
  'too-many-requests': {
    says: ['Too many requests from your network'],
    means: 'More requests came from one network than a limit allows. `limit` in the log names the limit.',
    change: {
      person: 'Wait a few minutes.',
      operator:
        'Set `TRUSTED_PROXIES` if all people appear to have one address; otherwise raise the limit in `RATE_LIMITS`.',
    },
    show: 'gatehouse config print',
  },
  'server-error': {
    says: ['Something went wrong on our side'],
    means: 'The server has a fault. The log has the cause under the request number of the page.',
    change: { operator: log },
  },
} satisfies Problems

/** Messages of the forms for signing in, for entering a device code, and for a decision. */
export const formProblems = {
  'wrong-credentials': {
    says: ['That email and password do not match. Check both and try again.'],
    means:
      'The email or the password is wrong. The page does not say which, and takes the same time for an address without an account.',
    change: {
      person: 'Check both. Ask the operator for a new password.',
      operator: 'Check that the account exists and is enabled; set a new password.',
    },
    show: 'gatehouse audit list --event sign_in.failed',
  },
  'wrong-passkey': {
    says: ['That passkey did not work here. Try again, or use another way.'],
    means:
      'The passkey is not known, was removed, was made for another address, did not verify the person, or its counter went back. The audit event says which.',
    change: {
      person: 'Try again, or sign in another way and add the passkey once more.',
      operator: 'Read `reason` of the audit event. `counter` may mean that the passkey was copied: remove it.',
    },
    show: 'gatehouse audit list --event sign_in.failed',
  },
  'wrong-code': {
    says: ['That code is not right, or was used before. Wait for the next one and try again.'],
    means:
      'The code of the authenticator app or the recovery code is wrong, was used before, or is too old. A code counts for about a minute and once.',
    change: {
      person:
        'Wait for the next code. Check that the time of the phone is right. Use a recovery code if the app is gone.',
      operator: 'If nothing is left, take the second factor off the account.',
    },
    show: 'gatehouse audit list --event sign_in.failed',
  },
  'too-many-attempts': {
    says: ['There were too many tries. Wait a little and try again.'],
    means: 'Too many wrong passwords or codes in a short time. A known browser of the person is counted separately.',
    change: {
      person: 'Wait as long as the page says.',
      operator: 'Unlock the account if you have verified who the person is.',
    },
    show: 'gatehouse accounts unlock <email>',
  },
  'last-way': {
    says: ['It is the only way into your account. Set a password first, then unlink it.'],
    means:
      'The account has no password and no other connected identity provider: without this one nobody could sign in to it.',
    change: { person: 'Set a password first, by the link for a forgotten one, or connect another provider.' },
  },
  'no-code': {
    says: ['There is no code in that. Enter the eight letters that your device shows.'],
    means: 'The person entered no device code.',
    change: { person: 'Enter the eight letters.' },
  },
  'unknown-code': {
    says: ['We do not know this code. Compare it with your device, letter by letter.'],
    means: 'No device is waiting with this code.',
    change: { person: 'Compare it with the device, letter by letter.' },
  },
  'expired-code': {
    says: ['This code has expired. Start again on your device to get a new one.'],
    means: 'The device code is older than ten minutes.',
    change: { person: 'Start again on the device.' },
  },
  'used-code': {
    says: ['This code was answered already. If your device is still waiting, start again on it.'],
    means: 'The device code was allowed or denied before.',
    change: { person: 'Start again on the device if it is still waiting.' },
  },
  'too-early': {
    says: ['That press came as soon as the page opened, so nothing was allowed. Read the page, then decide.'],
    means:
      'Allow was pressed faster than a person can read, which happens if another site places a button under the pointer.',
    change: { person: 'Read the page, then decide.' },
  },
  'wrong-number': {
    says: [
      'That is not the number on this page, so nothing was allowed. Type it if you started this yourself, or choose Deny.',
    ],
    means: 'The second page asks for its number, so that no other site can press the button.',
    change: { person: 'Type the number of the page if you started this yourself.' },
  },
  'nothing-ticked': {
    says: ['Nothing is ticked. Tick what you want to allow, or choose Deny.'],
    means: 'Allow was pressed without any permission.',
    change: { person: 'Tick what you want to allow, or choose Deny.' },
  },
  'nothing-new': {
    says: [
      'What is new is not ticked, so nothing was allowed. Tick it to allow it. If you choose Allow as it is, the program only keeps what it had.',
    ],
    means: 'The program asked for more than before, and the new part is not ticked.',
    change: { person: 'Tick what is new, or choose Allow once more to keep what the program had.' },
  },
  'password-refused': {
    says: [
      'Use fewer characters.',
      'Use at least {} characters.',
      'This follows the keyboard, the alphabet or a count. Use a few unrelated words instead.',
      'This repeats itself. Add a few unrelated words.',
      'This is among the first that attackers try. Use a few unrelated words instead.',
      'This is mostly your email address or the name of this service. Use a few unrelated words instead.',
    ],
    means: 'The new password is easy to guess, too short or too long (NIST SP 800-63B).',
    change: { person: 'Choose a few unrelated words, at least 15 characters in all.' },
  },
  'no-address': {
    says: ['Enter an email address, such as ada@example.com.'],
    means: 'The text in the field is not an email address.',
    change: { person: 'Enter an email address.' },
  },
} satisfies Problems
