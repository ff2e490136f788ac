/**
 * Checks the second factor behind a password, wherever a person signs in: a code of the authenticator app, or a recovery code. Tries are
 * counted apart from those of the password (`secondFactorOf`), before the code is looked at. A right code is used up by the statement that
 * saves the sign-in, so of many at once one counts.
 */
import { epochSeconds } from '../../base/clock.js'
import { hashSecret, secretsEqual } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import type { SignInLevel } from '../../oauth/sign-in-levels.js'
import { passwordLevel, twoFactorLevel } from '../../oauth/sign-in-levels.js'
import {
  codeProof,
  type FirstFactor,
  recoveryCodeAloneProof,
  recoveryCodeProof,
  type SecondFactorStore,
} from '../../storage/factors/authenticator-apps.js'
import type { Claimant, SignInProof } from '../../storage/grants/interaction-reader.js'
import type { Storage } from '../../storage/storage.js'
import type { SecondFactorError } from '../pages/views.js'
import type { Proven } from './login-method.js'
import { normalizeRecoveryCode, stepOfCode } from './one-time-codes.js'
import type { CheckedSignIn, SignInParts } from './sign-in-check.js'

/** How long a password counts while its code is looked for. */
export const firstFactorSeconds = 600

/** What is kept of a password that was right. */
export interface KeptFirstFactor {
  readonly accountId: string
  readonly email: string
  /** Hash of the stored hash. */
  readonly password: string
  /** Seconds since 1970. */
  readonly at: number
}

/** A password that was right a moment ago, and still is the account's. */
export interface AwaitedCode extends FirstFactor {
  readonly email: string
}

export function keptFirstFactor({ proof, email = '' }: Proven, at: number): KeptFirstFactor {
  const { accountId, passwordHash = '' } = proof
  return { accountId, email, password: hashSecret(passwordHash), at }
}

export function awaitedCode(
  { clock }: Pick<Storage, 'clock'>,
  kept: KeptFirstFactor,
  claimant: Claimant | undefined,
): AwaitedCode | undefined {
  if (claimant?.id !== kept.accountId || epochSeconds(clock) - kept.at > firstFactorSeconds) return undefined
  const { passwordHash, disabledAt } = claimant
  if (passwordHash === undefined || disabledAt !== undefined) return undefined
  const isSame = secretsEqual(hashSecret(passwordHash), kept.password)
  return isSame ? { accountId: kept.accountId, passwordHash, email: kept.email } : undefined
}

export interface CodeParts extends SignInParts {
  readonly storage: Storage
  readonly secondFactors: SecondFactorStore
}

export type CodeKind = 'code' | 'recovery-code'

/** The page once more, with what was wrong. */
export interface RefusedCode {
  readonly error: SecondFactorError
  readonly retryAfterSeconds?: number
  readonly status: number
}

interface Tried {
  readonly email: string
  /** See `SignInAttempt`. */
  readonly secondFactorOf?: string
  readonly kind: CodeKind
  readonly claimant: Claimant | undefined
  /** The proof, if the code is right. */
  prove(): Promise<SignInProof | undefined>
  readonly acr: SignInLevel
  readonly amr: readonly string[]
}

async function attempt(
  parts: CodeParts,
  ctx: HttpContext,
  { email, secondFactorOf, kind, claimant, prove, acr, amr }: Tried,
): Promise<CheckedSignIn | RefusedCode> {
  const { clientAddress } = ctx.state
  const knownBrowser = parts.knownBrowsers.recognize(ctx, email, claimant)
  const counted = { email, secondFactorOf, address: parts.hidesAddresses ? undefined : clientAddress, knownBrowser }
  const wait = await parts.throttle.begin(counted)
  if (wait !== undefined) return { error: 'too-many-attempts', retryAfterSeconds: wait.retryAfterSeconds, status: 429 }
  const proof = await prove()
  if (proof !== undefined) return { proven: { proof, acr, amr, email }, counted: [parts.throttle.success(counted)] }
  const detail = { address: clientAddress, by: kind }
  await parts.audit.record({ type: 'sign_in.failed', detail }, ctx.state.event)
  return { error: 'wrong-code', status: 401 }
}

const bothFactors = { acr: twoFactorLevel, amr: ['pwd', 'otp', 'mfa'] } as const

/** Checks what was posted behind a password. */
export function checkCode(
  parts: CodeParts,
  ctx: HttpContext,
  first: AwaitedCode,
  claimant: Claimant | undefined,
  kind: CodeKind,
  form: URLSearchParams,
): Promise<CheckedSignIn | RefusedCode> {
  const { storage, secondFactors } = parts
  const app = claimant?.app
  const ofApp = async () => {
    if (app === undefined) return undefined
    const step = stepOfCode(secondFactors.open(first.accountId, app), form.get('code') ?? '', storage.clock)
    return step === undefined || step <= app.lastStep ? undefined : codeProof(first, step)
  }
  const ofRecovery = async () => {
    const code = normalizeRecoveryCode(form.get('recovery-code') ?? '') ?? ''
    const isRight = await secondFactors.hasRecoveryCode(first.accountId, code)
    return isRight ? recoveryCodeProof(first, code) : undefined
  }
  const prove = kind === 'code' ? ofApp : ofRecovery
  const secondFactorOf = first.accountId
  return attempt(parts, ctx, { ...bothFactors, secondFactorOf, email: first.email, kind, claimant, prove })
}

/** Checks a recovery code of an account without a password, whose passkeys are lost. `claimant`: the account of `email`. */
export function checkRecoveryCodeAlone(
  parts: CodeParts,
  ctx: HttpContext,
  email: string,
  claimant: Claimant | undefined,
  form: URLSearchParams,
): Promise<CheckedSignIn | RefusedCode> {
  const prove = async () => {
    const code = normalizeRecoveryCode(form.get('recovery-code') ?? '') ?? ''
    // Asked for nobody as well: the same answer in the same time.
    const isRight = await parts.secondFactors.hasRecoveryCode(claimant?.id ?? '', code)
    const mayAlone = claimant?.passwordHash === undefined && claimant?.disabledAt === undefined
    return isRight && claimant !== undefined && mayAlone ? recoveryCodeAloneProof(claimant.id, code) : undefined
  }
  return attempt(parts, ctx, {
    ...{ email, kind: 'recovery-code', claimant, prove, acr: passwordLevel, amr: ['otp'] },
  })
}
