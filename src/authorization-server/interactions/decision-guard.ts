/**
 * Whether a decision was deliberate. Another site can open a window over the consent page and close it while the person double-clicks
 * there; the second click then lands on our button (double-click-jacking). So a press counts at once only when the page's script saw
 * the person dwell on the page ('1'). Without that word the server asks once more, on a page that comes as the answer to the press, and
 * takes no decision from a page that is younger than a double click lasts. A press that came as the page came into view ('0') is never
 * taken for a decision. No other site can forge these words: each form has a token.
 *
 * Another site can also take the script away: a window that is opened from a sandboxed frame has its cookies and runs no script. There
 * two pages need two blind presses at one place, which two double clicks give. It can also open the page where nobody can read it, and have
 * its visitor type keys. So a person of whose press the script says nothing types a number besides, which stands on that page and on no
 * other: nobody who has not read the page knows it, whatever keys or clicks another site asks for.
 */
import type { Clock } from '../../base/clock.js'
import type { HttpContext } from '../../http/context.js'
import type { CsrfProtection } from '../pages/csrf.js'

/** Time between a page and a press that can be meant: the slowest double click of common systems takes 900 ms. */
export const shortestDecisionMs = 1_000

/** `ask`: the consent page. `confirm`: the page that asks once more. */
export type DecisionStep = 'ask' | 'confirm'

/** `too-early`, `wrong-number`: the same page comes up again, and says so. */
export type Ruling = 'deliberate' | 'too-early' | 'wrong-number' | 'confirm'

export interface DecisionGuard {
  /** The value of the form field `shown`: which page was made, and when. For this interaction alone. */
  stamp(uid: string, step: DecisionStep): string
  /** The three digits to type on the page with this stamp, for the form field `number`. */
  numberFor(stamp: string): string
  /** The page that a form comes from; `undefined` when its stamp is not ours. */
  stepOf(ctx: HttpContext, uid: string, form: URLSearchParams): DecisionStep | undefined
  /** What to do about a form that allows something. `asksTwice`: one press that is not seen to be deliberate is not enough. */
  rule(ctx: HttpContext, uid: string, form: URLSearchParams, asksTwice: boolean): Ruling
}

const stampPattern = /^(ask|confirm)\.(\d{1,16})\.([\w-]+)$/

export function createDecisionGuard(csrf: CsrfProtection, clock: Clock): DecisionGuard {
  // Named, because other forms are bound to values that a stranger can learn.
  const binding = (uid: string, step: string, at: string): string => `shown ${step} ${at} ${uid}`
  const read = (ctx: HttpContext, uid: string, form: URLSearchParams) => {
    const [, step, at = '', token] = stampPattern.exec(form.get('shown') ?? '') ?? []
    if ((step !== 'ask' && step !== 'confirm') || !csrf.accepts(ctx, binding(uid, step, at), token)) return undefined
    return { step, ageMs: clock.now().getTime() - Number(at) } as const
  }
  const numberFor = (stamp: string): string => {
    const bytes = Buffer.from(csrf.tokenFor(`number ${stamp}`), 'base64url')
    return String(bytes.readUInt32BE() % 1_000).padStart(3, '0')
  }
  return {
    stamp: (uid, step) => {
      const at = String(clock.now().getTime())
      return `${step}.${at}.${csrf.tokenFor(binding(uid, step, at))}`
    },
    numberFor,
    stepOf: (ctx, uid, form) => read(ctx, uid, form)?.step,
    rule: (ctx, uid, form, asksTwice) => {
      const word = form.get('deliberate')
      if (word === '1') return 'deliberate'
      const shown = read(ctx, uid, form)
      if (asksTwice && shown?.step !== 'confirm') return 'confirm'
      if (shown === undefined || shown.ageMs < shortestDecisionMs || word === '0') return 'too-early'
      if (shown.step === 'ask' || word === 'unsure') return 'deliberate'
      const isRight = form.get('number')?.trim() === numberFor(form.get('shown') ?? '')
      return isRight ? 'deliberate' : 'wrong-number'
    },
  }
}
