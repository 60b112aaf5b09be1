/**
 * Known phrases and Cyrillic runs on a keyboard, in lower case and without spaces. zxcvbn takes each of them for a row
 * of unrelated words or characters.
 */
export const KNOWN_PHRASES: readonly string[] = `
  alhamdulillah allahuakbar areallylongpassword assalamualaikum averylongpassword averysecurepassword
  averystrongpassword bismillahirrahmanirrahim cantguessthis changeonfirstlogin changeonlogin correctbatteryhorsestaple
  correcthorsebattery correcthorsebatterystaple correcthorsestaple dontguessmypassword dontguessthis dontworrybehappy
  expectopatronum followyourdreams godisgoodallthetime hacktheplanet horsebatterystaple inthenameofgod leagueoflegends
  liveandletlive livelaughlove lordoftherings loremipsumdolor loremipsumdolorsitamet maytheforcebewithyou
  mypasswordissecret nevergonnagiveyouup onceuponatime onetwothreefourfive onetwothreefourfivesix praisethelord
  sayhellotomylittlefriend spongebobsquarepants stayhungrystayfoolish subhanallah thepasswordispassword
  thequickbrownfox thequickbrownfoxjumps thequickbrownfoxjumpsoverthelazydog thisisalongpassword thisisasecurepassword
  thisisastrongpassword thisisaverylongpassword tobeornottobe tobeornottobethatisthequestion
  twinkletwinklelittlestar typeyourpassword verysecurepassword welcometothejungle winniethepooh youcantguessthis
  youllneverguess youllneverwalkalone yourpasswordhere yourpasswordisincorrect youshallnotpass youwillneverguess
  йцукен йцукенгшщзхъ фывапролджэ ячсмитьбю
`
  .trim()
  .split(/\s+/);
