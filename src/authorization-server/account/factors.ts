/** `/account/security`: passkeys, the authenticator app and recovery codes of a person. Each change asks for a recent proof. */
import { encode } from 'uqr'
import { publicPath } from '../../http/http.js'
import type { AuditEventType } from '../../storage/audit/audit.js'
import { createPasskeyStore } from '../../storage/factors/passkeys.js'
import {
  appLink,
  newAppSecret,
  newRecoveryCode,
  normalizeRecoveryCode,
  recoveryCodeCount,
  stepOfCode,
} from '../login/one-time-codes.js'
import type { AppBlock, PasskeysBlock, QrCode, RecoveryCodesBlock } from '../pages/account-views.js'
import { pathOfSection } from './account-paths.js'
import type { AccountParts } from './parts.js'
import { type AccountAction, type ActionOutcome, proofSeconds, type SectionPart, type Visit } from './section.js'
import { isProvenWithin } from './visit.js'

const longestName = 60

function nameIn(form: URLSearchParams): string {
  return (form.get('name') ?? '').replace(/\p{C}/gu, '').trim().slice(0, longestName)
}

/** The modules of the code as one path of an SVG, a unit each. */
function qrCodeOf(text: string): QrCode {
  const { data, size } = encode(text, { border: 2 })
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return { size, path }
}

export function createFactors(parts: AccountParts): SectionPart {
  const { passkeys: ceremonies, secondFactors, storage, audit } = parts
  const passkeys = createPasskeyStore(storage)
  const pathOf = ({ ctx }: Visit, action: string) => publicPath(ctx, `${pathOfSection('security')}/${action}`)
  const bindingOf = ({ session, account }: Visit) => `${session.uid}\n${account.id}`
  const record = ({ ctx, account }: Visit, type: AuditEventType, factor: string, name?: string) =>
    audit.record({ type, accountId: account.id, detail: { factor, ...(name ? { name } : {}) } }, ctx.state.event)

  const passkeysBlock = async (
    visit: Visit,
    error?: PasskeysBlock['error'],
  ): Promise<PasskeysBlock & { block: 'passkeys' }> => {
    const { account } = visit
    const listed = await passkeys.list(account.id)
    const isReady = ceremonies !== undefined && isProvenWithin(parts, visit, proofSeconds)
    return {
      block: 'passkeys',
      passkeys: listed.map(({ id, name, isSynced, createdAt, lastUsedAt }) => ({
        ...{ id, name, isSynced, since: createdAt.toISOString() },
        usedAt: lastUsedAt?.toISOString(),
      })),
      isOffered: ceremonies !== undefined,
      // A device is asked only where its answer would be taken: the proof comes first.
      options: isReady
        ? ceremonies.creationOptions(
            'register',
            bindingOf(visit),
            account,
            listed.map(({ id }) => id),
          )
        : undefined,
      error,
      addAction: pathOf(visit, 'add-passkey'),
      renameAction: pathOf(visit, 'rename-passkey'),
      removeAction: pathOf(visit, 'remove-passkey'),
    }
  }

  const appBlock = async (
    visit: Visit,
    begun?: { secret: string; error?: AppBlock['error'] },
  ): Promise<AppBlock & { block: 'app' }> => {
    const { account } = visit
    const link = begun && appLink(begun.secret, parts.productName, account.email)
    const { appSince } = await secondFactors.of(account.id)
    return {
      block: 'app',
      since: appSince?.toISOString(),
      hasPassword: account.passwordHash !== undefined,
      setUp: begun && link !== undefined ? { secret: begun.secret, link, qrCode: qrCodeOf(link) } : undefined,
      error: begun?.error,
      beginAction: pathOf(visit, 'begin-app'),
      confirmAction: pathOf(visit, 'confirm-app'),
      removeAction: pathOf(visit, 'remove-app'),
    }
  }

  const codesBlock = async (
    visit: Visit,
    codes: readonly string[] = [],
  ): Promise<RecoveryCodesBlock & { block: 'recovery-codes' }> => ({
    block: 'recovery-codes',
    left: (await secondFactors.of(visit.account.id)).recoveryCodes,
    codes,
    createAction: pathOf(visit, 'create-recovery-codes'),
  })

  const guarded = (run: AccountAction['run']): AccountAction => ({ provenWithin: proofSeconds, run })
  const refusedPasskey = async (visit: Visit, error: PasskeysBlock['error']): Promise<ActionOutcome> => ({
    ...{ refused: await passkeysBlock(visit, error), status: 422 },
  })

  const addPasskey = guarded(async (visit, form): Promise<ActionOutcome> => {
    if (ceremonies === undefined) return refusedPasskey(visit, 'not-added')
    const { account } = visit
    const credential = form.get('credential')
    // Without its script the page posts nothing: the person comes from a new proof, and is asked here.
    if (credential === null) return {}
    const name = nameIn(form)
    const verdict = await ceremonies.verifyNew(credential, 'register', bindingOf(visit), account.id, name)
    if ('refused' in verdict) {
      visit.ctx.state.event.outcome = `passkey refused: ${verdict.refused}`
      return refusedPasskey(visit, 'not-added')
    }
    if (!(await passkeys.add(verdict.passkey, verdict.challenge))) return refusedPasskey(visit, 'not-added')
    await record(visit, 'factor.added', 'passkey', name)
    return { notice: 'passkey-added' }
  })

  const renamePasskey = guarded(async ({ account }, form) =>
    (await passkeys.rename(account.id, form.get('id') ?? '', nameIn(form))) ? { notice: 'saved' } : {},
  )

  const removePasskey = guarded(async (visit, form): Promise<ActionOutcome> => {
    const { account } = visit
    const listed = await passkeys.list(account.id)
    const id = form.get('id') ?? ''
    const removed = listed.find((each) => each.id === id)
    if (removed === undefined) return {}
    // Nobody could sign in any more.
    if (listed.length === 1 && account.passwordHash === undefined) return refusedPasskey(visit, 'last-passkey')
    if (await passkeys.remove(account.id, id)) await record(visit, 'factor.removed', 'passkey', removed.name)
    return { notice: 'factor-removed' }
  })

  const beginApp = guarded(async (visit): Promise<ActionOutcome> => {
    const secret = newAppSecret()
    if (!(await secondFactors.begin(visit.account.id, secret))) return {}
    return { refused: await appBlock(visit, { secret }), status: 200 }
  })

  const confirmApp = guarded(async (visit, form): Promise<ActionOutcome> => {
    const { account } = visit
    const secret = await secondFactors.begun(account.id)
    if (secret === undefined) return {}
    const step = stepOfCode(secret, form.get('code') ?? '', storage.clock)
    if (step === undefined) return { refused: await appBlock(visit, { secret, error: 'wrong-code' }), status: 422 }
    if (!(await secondFactors.confirm(account.id, secret, step))) return {}
    await record(visit, 'factor.added', 'authenticator app')
    return { notice: 'app-added' }
  })

  const removeApp = guarded(async (visit): Promise<ActionOutcome> => {
    if (!(await secondFactors.removeApp(visit.account.id))) return {}
    await record(visit, 'factor.removed', 'authenticator app')
    return { notice: 'factor-removed' }
  })

  const createRecoveryCodes = guarded(async (visit): Promise<ActionOutcome> => {
    const codes = Array.from({ length: recoveryCodeCount }, newRecoveryCode)
    const plain = codes.flatMap((code) => normalizeRecoveryCode(code) ?? [])
    await secondFactors.replaceRecoveryCodes(visit.account.id, plain)
    await record(visit, 'factor.added', 'recovery codes')
    return { refused: await codesBlock(visit, codes), status: 200 }
  })

  return {
    show: async (visit) => [await passkeysBlock(visit), await appBlock(visit), await codesBlock(visit)],
    actions: {
      'add-passkey': addPasskey,
      'rename-passkey': renamePasskey,
      'remove-passkey': removePasskey,
      'begin-app': beginApp,
      'confirm-app': confirmApp,
      'remove-app': removeApp,
      'create-recovery-codes': createRecoveryCodes,
    },
  }
}
