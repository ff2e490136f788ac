/**
 * Whether a decision was deliberate. Another site can open a window over the consent page and close it while the person double-clicks
 * there; the second click then lands on our button (double-click-jacking). So a press counts at once only when the page's script saw
 * the person dwell on the page (`deliberate`). Without that word the server asks once more, on a page that comes as the answer to the
 * press, and takes no decision from a page that is younger than a double click lasts. The script's other word, for a press that came
 * as the page came into view, is never taken for a decision. No other site can forge these words: each form has a token.
 */
import type { Clock } from '../../platform/clock.js'
import type { HttpContext } from '../../platform/http.js'
import type { CsrfProtection } from '../csrf.js'

/** Time between a page and a press that can be meant: the slowest double click of common systems takes 900 ms. */
export const shortestDecisionMs = 1_000

/** `ask`: the consent page. `confirm`: the page that asks once more. */
export type DecisionStep = 'ask' | 'confirm'

/** `ask-again`: the same page comes up again. */
export type Ruling = 'deliberate' | 'ask-again' | 'confirm'

export interface DecisionGuard {
  /** The value of the form field `shown`: which page was made, and when. For this interaction alone. */
  stamp(uid: string, step: DecisionStep): string
  /** The page that a form comes from; `undefined` when its stamp is not ours. */
  stepOf(ctx: HttpContext, uid: string, form: URLSearchParams): DecisionStep | undefined
  /** What to do about a form that allows something. `asksTwice`: one press without the script's word is not enough. */
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
  return {
    stamp: (uid, step) => {
      const at = String(clock.now().getTime())
      return `${step}.${at}.${csrf.tokenFor(binding(uid, step, at))}`
    },
    stepOf: (ctx, uid, form) => read(ctx, uid, form)?.step,
    rule: (ctx, uid, form, asksTwice) => {
      const word = form.get('deliberate')
      if (word === '1') return 'deliberate'
      const shown = read(ctx, uid, form)
      if (asksTwice && shown?.step !== 'confirm') return 'confirm'
      const isOld = shown !== undefined && shown.ageMs >= shortestDecisionMs
      return isOld && word !== '0' ? 'deliberate' : 'ask-again'
    },
  }
}
