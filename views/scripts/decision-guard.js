// Tells the server whether a decision was deliberate. Another site can put a window over this page and close it while the person
// presses. A press is deliberate ('1') only when the page had been in view, and the pointer over it, for longer than a double click
// takes. A press that came as the page came into view is not ('0'). About any other ('unsure') the server asks once more, and about one
// of which this script says nothing it asks for more than a press, so nothing depends on it.
'use strict'
;(() => {
  const dwellMs = 700
  let inView
  let pointerOver
  let pressedKey
  const leave = () => {
    inView = undefined
    pointerOver = undefined
    pressedKey = undefined
  }
  const look = () => {
    if (document.visibilityState === 'visible' && document.hasFocus()) inView ??= performance.now()
    else leave()
  }
  const restart = () => {
    leave()
    look()
  }
  const longSince = (start, event) => event.isTrusted && start !== undefined && event.timeStamp - start >= dwellMs
  const isDeliberate = (event) => {
    if (event.pointerType === 'touch') return true
    // Without a pointer: a key, whose repetitions while it is held down are no decision, or assistive technology.
    if (event.detail === 0) return pressedKey === undefined || (!pressedKey.repeat && pressedKey.timeStamp - inView >= dwellMs)
    return longSince(pointerOver, event)
  }
  document.querySelector('.without-script')?.remove()
  addEventListener('blur', leave)
  addEventListener('focus', restart)
  addEventListener('pageshow', restart)
  document.addEventListener('visibilitychange', restart)
  document.addEventListener('pointermove', (event) => {
    pointerOver ??= event.timeStamp
  })
  document.documentElement.addEventListener('pointerleave', () => {
    pointerOver = undefined
  })
  document.addEventListener('keydown', ({ repeat, timeStamp }) => {
    pressedKey = { repeat, timeStamp }
  }, true)
  document.addEventListener('click', (event) => {
    const field = event.target.closest?.('button[name=decision]')?.form?.elements.deliberate
    if (field !== undefined) field.value = !longSince(inView, event) ? '0' : isDeliberate(event) ? '1' : 'unsure'
    pressedKey = undefined
  }, true)
  restart()
})()
