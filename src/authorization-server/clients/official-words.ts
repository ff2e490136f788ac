/** Words that make a name sound like an office of the operator or of a maker, in the languages that most people read. */
import { resembles, skeletonsOf } from './name-skeleton.js'

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
  return latinWords.find((word) => resembles(skeletons, word)) ?? otherScripts.find((word) => written.includes(word))
}
