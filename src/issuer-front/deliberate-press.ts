/**
 * Decides whether a press on the front's page was deliberate. Another site can open a window over the page and close it while the person
 * double-clicks there. The second click then lands on the front's link (double-click-jacking), and an upstream server without a consent
 * page would send the code to the client that registered. So the link leads upstream only if the page's script saw the person dwell on the
 * page. Any other press leads to a second page. That page accepts no press within the duration of a double click, and none without its
 * displayed number: neither blind presses nor keys that another site makes its visitor type ("Tab, Space") are enough. Without the script,
 * or in a window that is too small to read, the second page always follows.
 *
 * The time of the second page is in its form, signed for this browser and this request: no other site can write it.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { VerifierClock } from '../resource-server/index.js'
import { deriveKey } from './front-client.js'

/** The slowest double click on common systems takes 900 ms. */
export const shortestDecisionMs = 1_000

/**
 * A press counts if the page was in view, and the pointer over it, for longer than a double click takes. An earlier press has no effect. A
 * key press goes to the focused element, so it counts only in a window large enough to read, and if the link had the focus for a moment.
 * The rules and figures are those of Gatehouse's own consent page.
 */
export const pressScript = `'use strict';(()=>{const dwellMs=700,focusMs=300,link=document.querySelector('a.go');let inView,pointerOver,pressedKey,focusedAt
const isReadable=()=>innerWidth>=300&&innerHeight>=400
const leave=()=>{inView=pointerOver=pressedKey=undefined}
const look=()=>{if(document.visibilityState==='visible'&&document.hasFocus())inView??=performance.now();else leave()}
const restart=()=>{leave();look()}
const longSince=(start,event)=>event.isTrusted&&start!==undefined&&event.timeStamp-start>=dwellMs
const isKeyDeliberate=({repeat,timeStamp})=>!repeat&&timeStamp-inView>=dwellMs&&timeStamp-focusedAt>=focusMs
const isDeliberate=(event)=>event.pointerType==='touch'||(isReadable()&&(event.detail===0?pressedKey===undefined||isKeyDeliberate(pressedKey):longSince(pointerOver,event)))
addEventListener('blur',leave);addEventListener('focus',restart);addEventListener('pageshow',restart)
document.addEventListener('visibilitychange',restart)
document.addEventListener('pointermove',(event)=>{pointerOver??=event.timeStamp})
document.documentElement.addEventListener('pointerleave',()=>{pointerOver=undefined})
document.addEventListener('keydown',({repeat,timeStamp})=>{pressedKey={repeat,timeStamp}},true)
document.addEventListener('focusin',({timeStamp})=>{focusedAt=timeStamp})
document.addEventListener('click',(event)=>{if(event.target.closest('a.go')===link){if(!longSince(inView,event)){event.preventDefault();document.querySelector('.early').hidden=false}else if(isDeliberate(event)){event.preventDefault();location.assign(link.dataset.upstream)}}pressedKey=undefined},true)
restart()})()`

/** For the Content-Security-Policy. */
export const pressScriptSource = `'sha256-${createHash('sha256').update(pressScript).digest('base64')}'`

/** Fields of the second page's form. The rest of it is the request. */
export const confirmationFields = { shown: 'front_shown', number: 'front_number' } as const

/** The request without the fields of the form. */
export function requestIn(parameters: URLSearchParams): URLSearchParams {
  const own: readonly string[] = Object.values(confirmationFields)
  return new URLSearchParams([...parameters].filter(([name]) => !own.includes(name)))
}

export interface PressGuard {
  /** Call when a page with this form is made. `binding` is known to this browser only. */
  stamp(request: URLSearchParams, binding: string): string
  /** Evaluates a form; `undefined` if it is not from one of the front's pages in this browser. */
  read(parameters: URLSearchParams, binding: string): 'meant' | 'too-early' | 'wrong-number' | undefined
  /** The three digits on the page with this stamp. */
  numberFor(stamp: string): string
}

export function createPressGuard(secret: string, clock: VerifierClock): PressGuard {
  const key = deriveKey(secret, 'shown pages')
  const sign = (at: string, request: URLSearchParams, binding: string) =>
    createHmac('sha256', key).update(`${at}\n${binding}\n${request}`).digest()
  const numberFor = (stamp: string) =>
    String(createHmac('sha256', key).update(`number\n${stamp}`).digest().readUInt32BE() % 1_000).padStart(3, '0')
  return {
    numberFor,
    stamp: (request, binding) => {
      const at = String(clock.now().getTime())
      return `${at}.${sign(at, request, binding).toString('base64url')}`
    },
    read: (parameters, binding) => {
      const shown = parameters.get(confirmationFields.shown) ?? ''
      const [, at = '', signature = ''] = /^(\d{1,16})\.([\w-]{43})$/.exec(shown) ?? []
      const expected = sign(at, requestIn(parameters), binding)
      const given = Buffer.from(signature, 'base64url')
      if (binding === '' || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      if (clock.now().getTime() - Number(at) < shortestDecisionMs) return 'too-early'
      return parameters.get(confirmationFields.number)?.trim() === numberFor(shown) ? 'meant' : 'wrong-number'
    },
  }
}
