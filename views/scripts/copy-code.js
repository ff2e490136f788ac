// Shows a Copy button beside each text to copy. Without this script there is none, and the text is selected whole by one press.
'use strict'
;(() => {
  const status = document.querySelector('[data-copied]')
  const select = (code) => {
    const range = document.createRange()
    range.selectNodeContents(code)
    getSelection().removeAllRanges()
    getSelection().addRange(range)
  }
  // A page at plain http off localhost has no clipboard; browsers run the older command there.
  const copy = async (code) => {
    if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(code.textContent)
    select(code)
    if (!document.execCommand('copy')) throw new Error('not copied')
  }
  for (const button of document.querySelectorAll('button.copy')) {
    const code = button.parentElement.querySelector('code')
    const label = button.querySelector('span')
    const words = label.textContent
    let reset
    button.hidden = false
    button.addEventListener('click', async () => {
      const copied = await copy(code).then(() => true, () => false)
      if (!copied) select(code)
      status.textContent = copied ? status.dataset.copied : status.dataset.failed
      label.textContent = copied ? status.dataset.copied : words
      clearTimeout(reset)
      reset = setTimeout(() => {
        label.textContent = words
        status.textContent = ''
      }, 4000)
    })
  }
})()
