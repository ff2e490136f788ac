// Tells the server whether a decision was deliberate. Another site can put a window over this page and close it while the person
// presses. A press is deliberate ('1') only when the page had been in view, and the pointer over it, for longer than a double click
// takes. A press that came as the page came into view is not ('0'). About any other ('unsure') the server asks once more, and about one
// of which this script says nothing it asks for more than a press, so nothing depends on it.
//
// A pointer is aimed at what the person sees; a key goes wherever the focus is. Another site can open this page as a tiny popup in a corner
// of the screen, and have its visitor type "Tab, Tab, Space". So the script says nothing about a press by key in a window in which the page
// cannot be read. Assistive technology presses without a pointer too. Whether a window is a popup is no help: Chromium forgets it
// (`toolbar.visible`) when the page comes from another site, and an opener can hide itself.
'use strict'
;(() => {
  const dwellMs = 700
  // Keys that follow each other in one breath are typed, not decided.
  const focusMs = 300
  // CSS pixels. Less than any phone has: the heading and the buttons are not in view together, whether the window is small or zoomed in.
  const readableWidth = 300
  const readableHeight = 400
  let inView
  let pointerOver
  let pressedKey
  let focusedAt
  const isReadable = () => innerWidth >= readableWidth && innerHeight >= readableHeight
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
  const isKeyDeliberate = ({ repeat, timeStamp }) => !repeat && timeStamp - inView >= dwellMs && timeStamp - focusedAt >= focusMs
  const wordFor = (event) => {
    if (!longSince(inView, event)) return '0'
    if (event.pointerType === 'touch') return '1'
    // Without a pointer: a key, whose repetitions while it is held down are no decision, or assistive technology.
    if (event.detail === 0) {
      if (!isReadable()) return ''
      return pressedKey === undefined || isKeyDeliberate(pressedKey) ? '1' : 'unsure'
    }
    return isReadable() && longSince(pointerOver, event) ? '1' : 'unsure'
  }
  if (isReadable()) document.querySelector('.without-script')?.remove()
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
  document.addEventListener('focusin', ({ timeStamp }) => {
    focusedAt = timeStamp
  })
  document.addEventListener('click', (event) => {
    const field = event.target.closest?.('button[name=decision]')?.form?.elements.deliberate
    if (field !== undefined) field.value = wordFor(event)
    pressedKey = undefined
  }, true)
  restart()
})()
