/**
 * A new password, on `/account/security`. The form asks for the current one, under the limits of sign-ins: somebody at a browser that was left
 * open does not know it. It is not asked for if the person just proved who they are by something stronger, or if there is none.
 */
import type { Write } from '../../database/writes.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { type Account, createAccountStore } from '../../storage/accounts/accounts.js'
import { changePassword } from '../accounts/account-links.js'
import { minimumPasswordLength, weaknesses } from '../accounts/password-rules.js'
import { checkSignIn } from '../login/sign-in-check.js'
import { unlockAccount } from '../login/throttle.js'
import type { PasswordBlock } from '../pages/account-views.js'
import { pathOfSection, signInThen } from './account-paths.js'
import type { AccountParts } from './parts.js'
import { proofSeconds, type SectionPart, type Visit } from './section.js'
import { isProvenWithin } from './visit.js'

/** Methods (RFC 8176) that prove more than a password does: a key that the person unlocked, or a second factor beside it. */
const strongMethods: ReadonlySet<string> = new Set(['hwk', 'swk', 'pop', 'mfa', 'otp', 'user'])

function isStronglyProven(parts: AccountParts, visit: Visit): boolean {
  return isProvenWithin(parts, visit, proofSeconds) && visit.session.methods.some((method) => strongMethods.has(method))
}

function asksForCurrent(parts: AccountParts, visit: Visit): boolean {
  return visit.account.passwordHash !== undefined && !isStronglyProven(parts, visit)
}

const actionOf = (ctx: HttpContext) => publicPath(ctx, `${pathOfSection('security')}/password`)

function blockOf(
  parts: AccountParts,
  visit: Visit,
  errors: PasswordBlock['errors'] = {},
): PasswordBlock & { readonly block: 'password' } {
  return {
    ...{ block: 'password', action: actionOf(visit.ctx), email: visit.account.email, errors },
    ...{ asksForCurrent: asksForCurrent(parts, visit), passwordLength: minimumPasswordLength },
  }
}

/** Whether the current password was typed; it counts as a try to sign in. */
async function checkCurrent(parts: AccountParts, { ctx, account }: Visit, form: URLSearchParams) {
  const proof = new URLSearchParams({ email: account.email, password: form.get('current') ?? '' })
  const { id, passwordHash, disabledAt } = account
  const claimant = { id, passwordHash, disabledAt, changedAt: await changedAt(parts, account) }
  // The form has no passkey, so no challenge counts here.
  const place = { claimant, challenge: { purpose: 'prove', binding: '' } } as const
  return checkSignIn(parts, ctx, place, parts.loginMethods.of(proof), proof)
}

async function changedAt({ storage }: AccountParts, { id }: Account): Promise<Date> {
  const row = await storage.prisma.account.findUniqueOrThrow({ where: { id }, select: { updatedAt: true } })
  return row.updatedAt
}

export function createPasswordChange(parts: AccountParts): SectionPart {
  const { storage, audit, mailer, hasher, productName, knownBrowsers } = parts
  const accounts = createAccountStore(storage)
  return {
    show: async (visit) => [blockOf(parts, visit)],
    actions: {
      password: {
        run: async (visit, form) => {
          const { ctx, account, session } = visit
          const refused = (errors: PasswordBlock['errors'], status: number) => ({
            ...{ refused: blockOf(parts, visit, errors), status },
          })
          const { id: accountId, email } = account
          const password = form.get('password') ?? ''
          const [weakness] = weaknesses(password, { email, productName })
          if (weakness !== undefined) return refused({ password: weakness }, 422)
          const counted: Write[] = []
          if (asksForCurrent(parts, visit)) {
            const checked = await checkCurrent(parts, visit, form)
            if (!('proven' in checked)) {
              const current = checked.error === 'wrong-passkey' ? 'wrong-credentials' : checked.error
              return refused({ current }, checked.status ?? 401)
            }
            counted.push(...checked.counted)
          } else if (!isProvenWithin(parts, visit, proofSeconds)) {
            return { goTo: signInThen(pathOfSection('security')) }
          }
          const passwordHash = await hasher.hash(password)
          const event = { type: 'account.password_changed', accountId, detail: { by: 'account page' } } as const
          const language = account.language ?? mailer?.languageOf(ctx)
          const notice = mailer?.write({
            ...{ kind: 'passwordChanged', to: email, values: { email }, path: '/recover', language },
          })
          const change = { accountId, replaces: account.passwordHash, passwordHash, keepsSession: session.uid }
          const also = [...counted, ...(notice === undefined ? [] : [notice]), audit.event(event, ctx.state.event)]
          // Another tab or browser changed it meanwhile.
          if (!(await changePassword(storage, change, also))) return refused({ current: 'wrong-credentials' }, 409)
          await accounts.endSignIns(accountId, session.uid)
          await unlockAccount(storage, email)
          knownBrowsers.remember(ctx, email, passwordHash)
          return { notice: 'password-changed' }
        },
      },
    },
  }
}
