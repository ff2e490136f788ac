/** Words that make a name sound like an office of the operator or of a maker, in the languages that most people read. */
import { isLocalHost, withoutSuffix } from './host-owners.js'
import { hasWord, resembles, skeletonsOf } from './name-skeleton.js'

/** In Latin letters: any spelling that looks alike counts, with or without accents. */
const latinWords = [
  'security',
  'support',
  'admin',
  'official',
  'verified',
  'verification',
  'account',
  'helpdesk',
  'itdesk',
  'servicedesk',
  'trusted',
  'password',
  'passkey',
  'login',
  'signin',
  'twofactor',
  'authenticator',
  'authentication',
  'billing',
  'payment',
  'recovery',
  'systemupdate',
  'itdepartment',
  'singlesignon',
  'twostep',
  'onetimecode',
  'passcode',
  'logon',
  'identityprovider',
  'helpcenter',
  'fraudprotection',
  'compliance',
  'certified',
  'approved',
  'sikkerhed',
  'turvallisuus',
  'securitate',
  'sicherheit',
  'passwort',
  'anmeldung',
  'kundendienst',
  'offiziell',
  'securite',
  'motdepasse',
  'assistance',
  'officiel',
  'seguridad',
  'soporte',
  'contrasena',
  'oficial',
  'seguranca',
  'suporte',
  'sicurezza',
  'assistenza',
  'ufficiale',
  'beveiliging',
  'wachtwoord',
  'bezpieczenstwo',
  'guvenlik',
  'sakerhet',
  'keamanan',
] as const

/** Too short to be looked for inside of words. */
const wholeWords = ['sso', '2fa', 'mfa', 'otp', 'konto', 'compte', 'cuenta', 'helpline', 'hotline', 'safety'] as const

/** Usual names of machines, too, and words of everyday language in the names of programs: looked for in hosts alone. */
const wordsOfHosts = ['auth', 'oauth', 'idp', 'iam', 'secure', 'verify', 'identity', 'trust', 'signon'] as const

/** In other scripts: as they are written. */
const otherScripts = [
  'безопасность',
  'поддержка',
  'пароль',
  'аккаунт',
  'администратор',
  'безпека',
  'підтримка',
  'ασφάλεια',
  'υποστήριξη',
  '安全',
  '账户',
  '帳戶',
  '帐号',
  '客服',
  '密码',
  '密碼',
  '官方',
  'セキュリティ',
  'サポート',
  'パスワード',
  'アカウント',
  '公式',
  '보안',
  '지원',
  '계정',
  '비밀번호',
  '공식',
  'الأمان',
  'أمان',
  'الدعم',
  'الحساب',
  'אבטחה',
  'תמיכה',
  'सुरक्षा',
  'सहायता',
  'ความปลอดภัย',
  'امنیت',
] as const

/** Words of other meaning that contain one of those. */
const otherWords = [
  'badminton',
  'accounting',
  'accountant',
  'accountability',
  'unofficial',
  'unsupported',
  'unverified',
]

/** The first such word of a name; `undefined` when it has none. */
export function officialWord(name: string): string | undefined {
  const rest = otherWords.reduce((text, word) => text.replace(new RegExp(word, 'gi'), ' '), name)
  const skeletons = skeletonsOf(rest)
  const written = rest.normalize('NFKC').toLowerCase()
  return (
    latinWords.find((word) => resembles(skeletons, word)) ??
    wholeWords.find((word) => hasWord(rest, word)) ??
    otherScripts.find((word) => written.includes(word))
  )
}

/**
 * The first such word in a label of a host: `security` in `account-security.example`, `auth` in `auth.example`. Many honest hosts have one,
 * because machines are named for what they do.
 */
export function officialWordInHost(hostname: string): string | undefined {
  if (isLocalHost(hostname)) return undefined
  const labels = hostname.split('.').map((label) => officialWord(label))
  return (
    labels.find((word) => word !== undefined) ?? wordsOfHosts.find((word) => hasWord(withoutSuffix(hostname), word))
  )
}
