// Asks the browser for a passkey, and posts what the device signed. `data-passkey` of the form: `get` and `create` wait for its button;
// `list` puts the passkeys into the browser's list at the field for the email. Without this script the rest of the page works.
'use strict'
;(() => {
  const form = document.querySelector('form[data-passkey]')
  if (form === null) return
  const kind = form.dataset.passkey
  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0))
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  const options = () => {
    const read = JSON.parse(form.dataset.options)
    read.challenge = toBytes(read.challenge)
    if (read.user !== undefined) read.user.id = toBytes(read.user.id)
    for (const known of read.excludeCredentials ?? []) known.id = toBytes(known.id)
    return read
  }
  const written = ({ id, type, response }) => {
    const parts = {}
    for (const name of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject']) {
      if (response[name]) parts[name] = toText(response[name])
    }
    if (response.getTransports !== undefined) parts.transports = response.getTransports()
    return JSON.stringify({ id, rawId: id, type, response: parts })
  }
  const send = (credential) => {
    form.elements.credential.value = written(credential)
    form.submit()
  }
  const show = (name, isShown) => {
    const notice = document.querySelector(`[data-passkey-${name}]`)
    if (notice !== null) notice.hidden = !isShown
  }
  show('noscript', false)
  if (window.PublicKeyCredential === undefined) {
    show('unsupported', true)
    return
  }
  if (kind === 'list') {
    const isPossible = window.PublicKeyCredential.isConditionalMediationAvailable?.() ?? Promise.resolve(false)
    isPossible
      .then((possible) => possible && navigator.credentials.get({ mediation: 'conditional', publicKey: options() }))
      .then((credential) => credential && send(credential))
      .catch(() => undefined)
    return
  }
  let isAsking = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (isAsking) return
    isAsking = true
    show('failed', false)
    const publicKey = options()
    const asked = kind === 'create' ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey })
    asked.then(send).catch(() => {
      isAsking = false
      show('failed', true)
    })
  })
})()
