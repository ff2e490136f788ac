/** Contexts of the page that asks once more. */
import type { ConfirmContext } from '../../authorization-server/pages/views.js'
import { deleteScope, identityScopes, loopback, readScope, writeScope } from './consent-samples.js'
import { forEachHostile, longHost } from './hostile-samples.js'

const confirm: ConfirmContext = { ...loopback, decision: 'allow', number: '407', scopes: [readScope, writeScope] }

export const confirmSamples: Readonly<Record<string, ConfirmContext>> = {
  loopback: confirm,
  destructive: { ...confirm, scopes: [readScope, writeScope, deleteScope] },
  'too early': { ...confirm, problem: 'tooEarly' },
  'wrong number': { ...confirm, problem: 'wrongNumber' },
  'hand-off': { ...confirm, decision: 'allow-hand-off' },
  'identity only': { ...confirm, resource: undefined, scopes: identityScopes },
  ...forEachHostile((name) => ({
    ...confirm,
    client: { name, identity: { kind: 'unverified' }, nameWarning: { kind: 'operator', name } },
    resource: { name, url: `https://${longHost}/mcp` },
    scopes: [{ ...deleteScope, title: name }],
  })),
}
