/**
 * Words that people build passwords from, longest parts first to be found, and a few phrases everybody knows. With at least 15
 * characters asked for, the usual lists of common passwords hold nothing that is long enough; what is left to catch are these words
 * padded, repeated or put together. Lower case, no blanks; digits that stand for letters are undone before the comparison.
 */
const words = `
  correcthorsebatterystaple thequickbrownfoxjumpsoverthelazydog thequickbrownfox tobeornottobe maytheforcebewithyou
  onceuponatime openthedoor thisismypassword mypasswordis ilovemyfamily iloveyousomuch iloveyouforever nevergonnagiveyouup
  twinkletwinklelittlestar happybirthdaytoyou supercalifragilisticexpialidocious winteriscoming letthemeatcake
  helloworld hellokitty iloveyou iloveu letmein openup opensesame trustnoone trustno1 fuckyou fuckoff whatever welcome
  password passwort passwd passw0rd motdepasse contrasena wachtwoord parola senha haslo passphrase passcode pass secret
  geheim secreto private secure security login logon signin access account admin administrator root superuser sysadmin
  system server client default guest user username demo test tester testing example sample temp temporary changeme change
  changeit reset please update office company business database oracle postgres mysql docker kubernetes linux ubuntu debian
  windows microsoft google facebook instagram twitter youtube amazon netflix apple android samsung internet computer laptop
  network wireless wifi router cisco oauth token bearer claude cursor inspector chatgpt openai anthropic
  qwerty qwertz azerty asdfgh zxcvbn qazwsx
  monkey dragon master shadow sunshine princess queen king prince baby babygirl angel angels lovely love lover loveme sweet
  sweety honey sugar candy cookie chocolate cheese banana orange cherry strawberry pepper ginger coffee butter chicken pizza
  football soccer baseball basketball hockey tennis golf sports champion winner player gamer game games arsenal chelsea
  liverpool barcelona juventus manchester united madrid yankees lakers cowboys eagles steelers rangers raiders
  batman superman spiderman ironman pokemon pikachu naruto starwars starwar skywalker matrix gandalf hobbit harrypotter potter
  minecraft roblox fortnite warcraft zelda mario sonic metallica nirvana slipknot eminem blink182 beatles
  ferrari porsche mercedes mustang corvette camaro harley yamaha honda toyota audi
  flower flowers rose lily daisy jasmine butterfly rainbow unicorn dolphin tiger lion panther eagle falcon phoenix wolf bear
  horse rabbit bunny kitty kitten puppy doggy tigger snoopy garfield scooby mickey minnie donald disney barbie cinderella
  freedom liberty america american england london paris berlin france germany canada australia mexico brazil india china
  summer winter spring autumn january february march april june july august september october november december
  monday tuesday wednesday thursday friday saturday sunday today tomorrow christmas newyear holiday birthday
  green blue yellow black white purple pink silver golden gold diamond
  michael michelle jennifer jessica ashley amanda daniel david robert andrew thomas charlie george william joshua matthew
  anthony nicole jordan hunter taylor hannah samantha elizabeth maria mary anna john johnny james peter paul mark alex
  alexander christian christopher patrick richard joseph benjamin nicholas jonathan justin brandon robin buster maggie bailey
  smith johnson brown miller
  jesus christ jesuschrist godisgood blessed faith heaven church family mother father mommy daddy sister brother friend
  friends forever always never happy smile lucky cool crazy sexy bigdog little hello hallo bonjour hola ciao
  money dollar million power energy killer ninja pirate wizard magic mystery midnight thunder lightning storm fire star
  stars moon ocean river mountain earth world planet space galaxy rocket hacker hack code coder python java
  javascript number first second third letters words
`

/** Longest first, so that a part of a word is not taken out of the middle of a longer one. */
export const commonWords: readonly string[] = [...new Set(words.trim().split(/\s+/))].sort(
  (a, b) => b.length - a.length,
)
