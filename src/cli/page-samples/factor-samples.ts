/** Contexts of the pages for passkeys, codes and stronger sign-ins, and of the security page of an account. */
import type {
  AccountBlock,
  AccountContext,
  AppBlock,
  PasskeysBlock,
  RecoveryCodesBlock,
} from '../../authorization-server/pages/account-views.js'
import type {
  PasskeyContext,
  SecondFactorContext,
  StrongerSignInContext,
  Views,
} from '../../authorization-server/pages/views.js'
import { forEachHostile } from './hostile-samples.js'

const csrfToken = 'sample-csrf-token'
const action = '/interaction/sample'

const passkeyOptions = '{"challenge":"AQ","rpId":"localhost","userVerification":"required","timeout":300000}'

/** With the link and the browser's list. */
export const passkeyOfSignIn = { pagePath: `${action}/passkey`, options: passkeyOptions }

const passkey: PasskeyContext = {
  clientName: 'Claude Code',
  options: passkeyOptions,
  action: `${action}/sign-in`,
  otherPath: action,
  recoveryPath: `${action}/recovery-code`,
  csrfToken,
}

const code: SecondFactorContext = {
  kind: 'code',
  clientName: 'Claude Code',
  action: `${action}/code`,
  otherPath: `${action}/recovery-code`,
  switchAccountAction: `${action}/switch-account`,
  csrfToken,
}

const recoveryCode: SecondFactorContext = {
  ...code,
  kind: 'recovery-code',
  action: `${action}/recovery-code`,
  otherPath: action,
}

const stronger: StrongerSignInContext = {
  clientName: 'Claude Code',
  needs: 'mfa',
  securityPath: '/account/security',
  passkeyPath: `${action}/passkey`,
  switchAccountAction: `${action}/switch-account`,
  cancelAction: `${action}/cancel`,
  csrfToken,
}

type FactorPages = 'passkey' | 'second-factor' | 'stronger-sign-in'

export const factorSamples: { readonly [Name in FactorPages]: Readonly<Record<string, Views[Name]>> } = {
  passkey: {
    first: passkey,
    'by oneself': { ...passkey, clientName: undefined },
    wrong: { ...passkey, error: 'wrong-passkey' },
    ...forEachHostile((text) => ({ ...passkey, clientName: text, options: text })),
  },
  'second-factor': {
    code,
    wrong: { ...code, error: 'wrong-code' },
    'too many': { ...code, error: 'too-many-attempts', retryAfterSeconds: 840 },
    'recovery code': recoveryCode,
    'recovery code alone': { ...recoveryCode, email: '' },
    'recovery code alone, wrong': { ...recoveryCode, email: 'ada@example.com', error: 'wrong-code' },
    ...forEachHostile((text) => ({ ...recoveryCode, clientName: text, email: text })),
  },
  'stronger-sign-in': {
    two: stronger,
    passkey: { ...stronger, needs: 'phr', clientName: undefined },
    'no passkeys here': { ...stronger, passkeyPath: undefined },
    ...forEachHostile((text) => ({ ...stronger, clientName: text })),
  },
}

const since = '2026-10-04T08:00:00.000Z'

const passkeys: PasskeysBlock & { readonly block: 'passkeys' } = {
  block: 'passkeys',
  passkeys: [
    { id: 'first', name: 'My phone', isSynced: true, since, usedAt: '2026-11-29T09:30:00.000Z' },
    { id: 'second', name: '', isSynced: false, since },
  ],
  isOffered: true,
  options: '{"challenge":"AQ","rp":{"id":"localhost","name":"Gatehouse"}}',
  addAction: '/account/security/add-passkey',
  renameAction: '/account/security/rename-passkey',
  removeAction: '/account/security/remove-passkey',
}

const app: AppBlock & { readonly block: 'app' } = {
  block: 'app',
  hasPassword: true,
  beginAction: '/account/security/begin-app',
  confirmAction: '/account/security/confirm-app',
  removeAction: '/account/security/remove-app',
}

const settingUp: AppBlock & { readonly block: 'app' } = {
  ...app,
  setUp: {
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    link: 'otpauth://totp/Gatehouse:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Gatehouse',
    qrCode: { size: 4, path: 'M1 1h1v1h-1zM2 2h1v1h-1z' },
  },
}

const codes: RecoveryCodesBlock & { readonly block: 'recovery-codes' } = {
  block: 'recovery-codes',
  left: 0,
  codes: [],
  createAction: '/account/security/create-recovery-codes',
}

/** `accountPage`: the frame around the blocks. */
export function securitySamples(
  accountPage: (section: 'security', ...blocks: readonly AccountBlock[]) => AccountContext,
): Readonly<Record<string, AccountContext>> {
  return {
    security: accountPage('security', { ...passkeys, passkeys: [] }, app, codes),
    'security, not proven': accountPage(
      'security',
      { ...passkeys, options: undefined },
      { ...app, since },
      { ...codes, left: 8 },
    ),
    'setting up an app': accountPage('security', passkeys, settingUp, codes),
    'setting up an app, wrong': accountPage(
      'security',
      { ...passkeys, error: 'not-added' },
      { ...settingUp, error: 'wrong-code' },
      codes,
    ),
    'new recovery codes': accountPage(
      'security',
      { ...passkeys, isOffered: false, options: undefined },
      { ...app, hasPassword: false },
      { ...codes, left: 2, codes: ['0123-4567-89ab-cdef', 'ghjk-mnpq-rstv-wxyz'] },
    ),
    'last passkey': accountPage('security', { ...passkeys, error: 'last-passkey' }),
  }
}
