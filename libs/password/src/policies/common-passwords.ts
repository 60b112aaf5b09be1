/**
 * Common passwords in lower case with at least eight characters: the top of published lists, long passwords that a
 * minimum length of 15 provokes, and passwords in a few other languages.
 */
export const COMMON_PASSWORDS: readonly string[] = `
  00000000 007007007 01234567 0123456789 01234567890 0987654321 10203040 102030405060 11111111 11112222 11223344
  1122334455 112233445566 123123123 123123123123 123123123123123 123321123 12341234 123412341234 12344321 123454321
  1234554321 123456654321 12345678 1234567887654321 123456789 1234567890 12345678901 123456789012 1234567890123
  12345678901234 123456789012345 1234567890123456 1234567890a 1234567890qwertyuiop 12345678910 1234567891011
  12345678987654321 123456789a 123456789abc 123456789q 1234567qwertyu 123456abc 123456abcdef 123456asd 123456qwerty
  123456qwertyasdfgh 12345abcde 12345qwert 12345qwertasdfg 1234abcd 1234qwer 1234qwerasdf 1234qwerasdfzxcv 123abc123
  123abc456 123qwe123 123qwe456 123qweasd 123qweasdzxc 123qweqwe 13579246810 147258369 147852369 159357159 159357456
  159753159 1a2b3c4d 1a2b3c4d5e 1a2b3c4d5e6f 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i
  1q2w3e4r5t6y7u8i9o 1q2w3e4r5t6y7u8i9o0p 1qaz1qaz 1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw2 22222222 24681012
  27182818 271828182845 31415926 3141592653 314159265358979 33333333 420420420 44444444 5201314520 55555555 66666666
  69696969 741852963 77777777 789456123 789456123a 88888888 987654321 9876543210 99999999 a123456789 a1234567890
  a1b2c3d4 a1b2c3d4e5 a1b2c3d4e5f6 a1s2d3f4 a1s2d3f4g5 aa123456 aa12345678 aaaabbbb aaaabbbbcccc aabbccdd aabbccddeeff
  abababab abc12345 abc123456 abc1234567 abc12345678 abc123456789 abcabc123 abcd1234 abcd12345 abcd123456 abcde123
  abcdef123 abcdefg1 abcdefg123 abcdefgh abcdefghi abcdefghij abcdefghijklmnop abcdefghijklmnopqrstuvwxyz acmilan1
  admin123 admin1234 admin12345 admin123456 adminadmin adminadmin123 adminadminadmin adminadminadminadmin
  administrator administrator1 administrator123 administratoradministrator adminlogin adminpassword adminpassword123
  adminuser aini1314 alejandra alejandro alexander alexander1 alexandra alexandra1 alexandria alhamdulillah
  allahuakbar allstar1 alphabet alphabet1 alphabetagamma alphaomega alwaysforever amazon123 america1 america123
  american andrew123 android1 angel123 angelangel angelica angels123 anthony1 anthony123 aoeuidhtns apple123 applepie
  areallylongpassword argentina argentina1 arsenal1 arsenal123 arsenalfc asd123456 asdasd123 asdf1234 asdfasdf
  asdfghjk asdfghjkl asdfghjkl1 asdfghjkl123 asdfqwer asdfzxcv asdzxc123 assalamualaikum assassin assassin1 asshole1
  australia australia1 autumn2020 autumn2021 autumn2022 autumn2023 autumn2024 autumn2025 autumn2026 averylongpassword
  averysecurepassword averystrongpassword azerty123 azerty1234 azertyuiop azertyuiop1 babybaby babyboy1 babyboy123
  babydoll babygirl babygirl1 babygirl12 babygirl123 babylove backstreet badboy123 badgirl1 barcelona barcelona1
  barcelona123 bartsimpson baseball baseball1 baseball12 baseball123 basketball basketball1 basketball123 batman123
  batmanbatman batterystaple bayernmunich beautiful beautiful1 beautiful123 beckham7 beer1234 behappy1 behappy123
  benjamin benjamin1 berlin123 besiktas bestfriend bestfriend1 bestfriends bestrong bienvenida bienvenido bienvenue
  bigboss1 bigbrother bigdaddy bigdaddy1 bigdick1 bigmoney billionaire bismillah bismillah1 bismillah123 bitch123
  bitcoin1 bitcoin123 blackberry blackberry1 blackcat blackcat1 blackhawk blackjack blackout blacksky blessed1
  blessed123 blink182 blowjob1 blue1234 blueberry bluebird bluemoon bluesky1 bonjour1 bonjour123 borussia boss1234
  bossman1 boston123 brandon1 brandon123 brasil123 brittany brittany1 brooklyn brooklyn1 brother1 bubblegum bubbles1
  bubbles123 bullshit bullshit1 business business1 buster123 butterflies butterfly butterfly1 butterfly123 bvb09bvb09
  california california1 callofduty callofduty4 camaro69 cantguessthis captainamerica carpediem carpediem1 cashmoney
  cashmoney1 cassandra catherine celtic1888 champion champion1 champions changeit changeitnow changeme changeme1
  changeme123 changemenow changemeplease changemypassword changeonfirstlogin changeonlogin changepassword changethis
  changethispassword changeyourpassword charizard charlie1 charlie12 charlie123 charlotte charlotte1 cheese123
  cheesecake chelsea1 chelsea123 chelseafc chevrolet chevy123 chicago1 chicago123 chicken1 chicken123 chickens
  chocolate chocolate1 chocolate123 chocolate2 chris123 christian christian1 christina christine christmas christmas1
  christopher christopher1 cinderella cinnamon coffee123 coffeecoffee college1 colombia company1 company123
  companypassword computer computer1 computer12 computer123 contrasena contrasena123 contraseña contraseña123
  cookie123 cookies1 corazon1 corinthians correctbatteryhorsestaple correcthorse correcthorsebattery
  correcthorsebatterystaple correcthorsestaple corvette corvette1 counterstrike countryboy countrygirl cowboys1
  cowboyup cricket123 cristiano cristiano7 cryptocurrency crystal1 crystal123 cupcake1 cupcakes daddysgirl dallas123
  dallascowboys daniel12 daniel123 danielle danielle1 darthvader darthvader1 database database1 daylight deadpool
  december december1 default123 defaultpassword demopassword destroyer deutschland developer developer1 diamond1
  diamond123 diamonds disney123 disneyland doctor123 doggydog dolphin1 dolphins dolphins1 dominique donaldduck
  dontcare dontguessmypassword dontguessthis dontworrybehappy doudou123 dragon12 dragon123 dragonball dragonball1
  dragonballz dragondragon dragonfly dragonslayer dreambig1 dumbledore dummypassword dvorak123 eagles123 elephant
  elephant1 elizabeth elizabeth1 elizabeth123 elvispresley emailpassword emerald1 eminem123 engineer engineer1
  enterpassword enterpasswordhere enteryourpassword estrella examplepassword expectopatronum facebook facebook1
  facebook123 family123 familyfirst familyguy father123 february fenerbahce fernanda fernando ferrari1 ferrari123
  flamengo florida1 flower123 flowerpower flowers1 followyourdreams football football1 football12 football123
  footballfootball forever1 forever123 forever21 foreverlove forevermore foreveryoung forgotpassword fortnite
  fortnite1 fortnite123 francisco freedom1 freedom123 friends1 friends123 friendsforever friendship fuckfuck fuckme69
  fuckoff1 fuckoff123 fuckthis fuckthisshit fuckyou1 fuckyou123 fuckyou2 fuckyou69 fuckyoubitch fussball fussball1
  gabriel1 gabriela gabrielle galatasaray gameover gameover1 gamer123 gaming123 gandalf1 gandalf123 gangsta1 gangster
  gangster1 garfield garfield1 geheim123 geheimespasswort geheimnis george123 getmoney getmoney1 gfhjkm123 giants123
  gmail123 godbless godblessamerica godblessme godblessus godblessyou godfather godisgood godisgood1
  godisgoodallthetime godisgreat godislove godislove1 golden123 goldfish goodbye1 goodgirl goodlife goodluck goodluck1
  goodmorning goodmorning1 goodnight goodpassword goodtimes google123 googlegoogle grandma1 green123 greenday gregory1
  gryffindor guadalupe guessme123 guest123 guestguest guestpassword hacker123 hackerman hacktheplanet hakunamatata
  hallelujah hallo123 hallo1234 hallohallo halloween hallowelt hamburger hannah123 happy1234 happy12345 happybirthday
  happyday1 happydays happyfamily happyfeet happyhappy happylife happynewyear hardcore hardcore1 harley123
  harleydavidson harrypotter harrypotter1 haslo123 hasło123 hawaii50 heavenly hello123 hello1234 hello12345
  hello123456 hellohello hellohellohello hellohowareyou hellokitty hellokitty1 hellothere hellothere1 helloworld
  helloworld1 helloworld123 hermione heslo123 highschool hockey123 hogwarts hollywood homersimpson horsebatterystaple
  hotmail1 houston1 howareyou howareyou1 hunter22 hunter2hunter2 hurricane iamadmin iamawesome iambatman iamgod123
  iamgreat iamhappy iamironman iamlegend iamtheadmin iamthebest iamthebest1 iamtheking iamtheone iamthequeen icecream
  icecream1 ichliebedich idontknow idontknowmypassword idontremember iforgetmypassword iforgotit iforgotmypassword
  ihacked1 ihatemyjob ihatepasswords ihatethis ihateyou ihateyou1 illbeback ilovecats ilovechocolate ilovedogs
  iloveeveryone ilovefootball ilovegod ilovegod1 iloveindia ilovejesus ilovejesuschrist ilovelife iloveme1 iloveme123
  ilovemusic ilovemycat ilovemydaughter ilovemydog ilovemyfamily ilovemyhusband ilovemykids ilovemymom ilovemyself
  ilovemyson ilovemywife ilovepizza ilovesummer iloveyou iloveyou1 iloveyou12 iloveyou123 iloveyou1234 iloveyou12345
  iloveyou2 iloveyou4ever iloveyouall iloveyoubaby iloveyouforever iloveyouiloveyou iloveyoujesus iloveyoumom
  iloveyoumore iloveyoumum iloveyousomuch iloveyoutoo iloveyouverymuch incorrect incorrectpassword india123 indonesia
  initialpassword instagram instagram1 insyaallah intermilan internet internet1 internet123 inthenameofgod iphone123
  ironman123 isabella isabella1 jackson1 jamaica1 jamesbond jamesbond007 january1 jasmine1 jasmine12 jasmine123
  jeffrey1 jennifer jennifer1 jennifer123 jessica1 jessica123 jesus123 jesus777 jesuschrist jesuschrist1 jesusislord
  jesusismylord jesuslovesme jesuslovesyou jesusmysavior jesussaves jetaime1 jetaime123 jetaimejetaime johncena
  johncena1 johncena123 jonathan jonathan1 jordan12 jordan123 jordan23 joseph123 joshua12 joshua123 justdoit justdoit1
  justin123 justinbieber juventus juventus1 katherine kawasaki kennwort kennwort1 keyboard keyboard1 killer12
  killer123 killerkiller kimberly kimberly1 kitty123 kittycat kittycat1 kobe2424 kobebryant lakers123 lakers24
  lamborghini laptop123 lasvegas lauren123 lavender lavender1 lazydoglazydog leagueoflegends lebron23 lebronjames
  leonardo letmein1 letmein12 letmein123 letmein1234 letmeinletmein letmeinnow letmeinpassword letmeinplease
  letsgetiton letsgo123 letsparty liberty1 lifeisbeautiful lifeisgood lifeisgood1 lifeishard lightning lightning1
  linkedin linkedin1 linkinpark linkinpark1 lionking lionking1 liveandletlive livelaughlove liverpool liverpool1
  liverpool123 liverpoolfc lkjhgfdsa login123 loginlogin loginpassword london12 london123 longpassword lordoftherings
  loremipsum loremipsumdolor loremipsumdolorsitamet losangeles losenord lovebird lovebirds lovebug1 loveforever
  loveisblind loveislife loveislove lovelife lovelove lovelovelove lovelovelovelove loveme123 lover123 loverboy
  lovergirl lovers123 loveyou1 loveyou123 loveyou2 loveyouforever lukeskywalker lösenord macintosh madison1 mahalkita
  mahalkoh makemoney manager1 manager123 manchester manchester1 manchesterunited manunited manutd123 maradona margaret
  margarita mariposa marketing marseille marshmallow master12 master123 master1234 masterkey mastermaster
  masterpassword matrix123 matthew1 matthew123 maytheforce maytheforcebewithyou meinpasswort melissa1 mercedes
  mercedes1 mercedesbenz merrychristmas messi10messi metallica metallica1 mexico123 miamorteamo michael1 michael12
  michael123 michaeljackson michaeljordan michaelmichael michelle michelle1 michelle123 mickeymouse mickeymouse1
  micontraseña microsoft microsoft1 midnight midnight1 million1 millionaire minecraft minecraft1 minecraft123
  minhasenha minniemouse mnbvcxz1 mnbvcxzlkjhgfdsapoiuytrewq mohammed mojehaslo mommy123 money123 moneymaker
  moneymoney monkey12 monkey123 monkey1234 monkeyman monkeymonkey monmotdepasse moonlight mordor123 moscow123
  motdepasse motdepasse1 motdepasse123 mother123 motherfucker motorcycle motorola mountain mountains muhammad
  mummydaddy mustang1 mustang123 mychildren mycomputer myfamily myfamily1 mykids123 mylove123 mylove4ever
  myloveforever mymother mypassphrase mypassword mypassword1 mypassword123 mypasswordispassword mypasswordissecret
  mysecretpassword mysecurepassword mystrongpassword natalie1 natasha1 netflix1 nevergiveup nevergiveup1
  nevergonnagiveyouup newpassword newyork1 newyork123 newyorkcity neymar10 nicholas nicholas1 nicole12 nicole123
  nigeria1 nihao123 ninja123 ninjaninja nintendo nintendo64 nirvana1 nobodyknows nokia123 nopassnopass nopassword
  nopasswordhere nothing123 november november1 nuggets1 nullnull number01 number123 numberone october10 office123
  office365 ohmygod1 ohmygosh oldpassword onceuponatime onering1 onetwothree onetwothreefour onetwothreefourfive
  onetwothreefourfivesix opensesame opensesame123 oracle123 orange12 orange123 orangejuice ourpassword p455w0rd
  pa55w0rd pa55word packers1 pakistan pakistan123 palmeiras pancakes pantera1 panther1 panthers paradise paradise1
  paris123 parol123 parola123 parolamea parolayok partygirl partytime pass1234 pass12345 pass123456 pass1word1
  passcode passcode1 passion1 passion123 passkey123 passpass passpasspass passphrase passport passport1 passw0rd
  passw0rd1 passw0rd123 passwd123 passwoord password password00 password01 password02 password1 password10 password11
  password12 password123 password1234 password12345 password123456 password1234567 password12345678 password123456789
  password1234567890 password123password123 password13 password1password password1password1 password2020 password2021
  password2022 password2023 password2024 password2025 password2026 password21 password22 password99 passwordhere
  passwordincorrect passwordislong passwordispassword passwordissecure passwordisstrong passwordpassword
  passwordpasswordpassword passwordqwerty passwordusername passwort passwort1 passwort123 patricia patricia1 patrick1
  patrick123 patriots patriots1 peaches1 peanutbutter penguin1 penguins pepper123 philippines phoenix1 phoenix123
  pikachu1 pikachu123 pineapple pizza123 pizzapizza platinum playboy1 playboy69 playstation playstation2 playstation3
  playstation4 playstation5 pleasechangeme pleasechangemenow pleasechangethis pleaseletmein pleaseletmeinnow pleasure
  poiuytre poiuytrewq pokemon1 pokemon123 pokemonpokemon popcorn1 porsche1 porsche911 portugal portugal1 praisegod
  praisethelord preciosa precious precious1 predator princesa princesa1 princess princess1 princess12 princess123
  princessprincess private1 private123 privet123 puertorico puppydog puppylove purple12 purple123 pussy123 pussycat
  pussycat1 q1q1q1q1 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 q1w2e3r4t5y6u7 q1w2e3r4t5y6u7i8 qazqazqaz qazwsx12 qazwsx123
  qazwsxedc qazwsxedc1 qazwsxedcrfv qqww1122 qqwweerr quickbrownfox qwe12345 qwe123456 qwe123qwe qweasd123 qweasdzxc
  qweasdzxc123 qweqwe123 qwer1234 qwer1234asdf qwerasdf qwerasdfzxcv qwerty!@# qwerty12 qwerty123 qwerty1234
  qwerty12345 qwerty123456 qwerty1234567 qwerty12345678 qwertyasdf qwertyasdfgh qwertyasdfghzxcvbn qwertyhaslo
  qwertypassword qwertyqwerty qwertyqwerty1 qwertyui qwertyuiop qwertyuiop1 qwertyuiop12 qwertyuiop123 qwertyuiop1234
  qwertyuiop123456 qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm qwertz123 qwertzuiop rainbow1 rainbow12 rainbow123
  rainbows raindrop rangers1 rangers123 raspberry reallylongpassword realmadrid realmadrid1 rebecca1 redskins redsox04
  redwings redwings1 richard1 richard123 riverside robert12 robert123 rockandroll rocknroll rockstar rockstar1
  rockstar123 ronaldo123 ronaldo7 root1234 rootpassword rootroot rootrootroot rosebud1 roses123 salasana salasana1
  samantha samantha1 samantha123 samplepassword samsung1 samsung123 samuel123 sapphire sayang123
  sayhellotomylittlefriend scarface schatz123 schatzi1 school123 scoobydoo scoobydoo1 scorpion scorpion1 sebastian
  sebastian1 secret12 secret123 secret1234 secret12345 secretary secretpassword secretsecret secure123 securepassword
  security security1 security123 senha123 senha1234 september september1 sexy1234 sexyback sexybitch sexygirl sexysexy
  shadow12 shadow123 shadow1234 shadowshadow sifre123 silver123 simpsons singapore sister123 skateboard slipknot
  slipknot1 slipknot666 slytherin smile123 smile4me smiley123 snapchat snoopdog snoopy123 snowball snowball1 snowboard
  snowflake snowman1 soccer12 soccer123 softball softball1 soleil123 sommer2024 sommer2025 southafrica southpark
  spiderman spiderman1 spiderman123 spongebob spongebob1 spongebobsquarepants spring2020 spring2021 spring2022
  spring2023 spring2024 spring2025 spring2026 springtime starcraft starlight stars123 starstar startrek startrek1
  starwars starwars1 starwars123 starwarsstarwars stayhome stayhungrystayfoolish staystrong steelers steelers1
  stephanie stephanie1 stephen1 strawberry strawberry1 strongpassword student1 student123 subhanallah summer2020
  summer2021 summer2022 summer2023 summer2024 summer2025 summer2026 summertime sunflower sunflower1 sunflowers
  sunlight sunshine sunshine1 sunshine12 sunshine123 sunshine1234 sunshinesunshine superadmin superadmin123 superman
  superman1 superman123 supermansuperman supersecret supersecretpassword supersecurepassword superstar superstar1
  superstrongpassword superuser swimming sysadmin sysadmin123 tarantula taylor123 taylorswift teacher1 teacher123
  teamo123 teamomiamor teamomucho teamoteamo temporary temporarypassword temppass temppass123 temppassword tequiero
  tequieromucho tequila1 terminator terrorist testaccount testing123 testing1234 testpassword testpassword123 testtest
  testtesttest testtesttesttest testuser testuser123 texas123 thankgod thanksgiving thankyougod thankyoujesus
  thebeatles thebest1 theboss1 theforce theking1 thematrix theone123 thepasswordispassword thequickbrownfox
  thequickbrownfoxjumps thequickbrownfoxjumpsoverthelazydog thisisalongpassword thisisapassword thisisasecret
  thisisasecurepassword thisisastrongpassword thisisaverylongpassword thisismypassword thisismysecret
  thisisthepassword thomas123 thunder1 thunder123 thunderbird tiffany1 tigers123 tigertiger tinkerbell tinkerbell1
  tobeornottobe tobeornottobethatisthequestion together together1 togetherforever tokyo123 toorroot topsecret tornado1
  tr0ub4dor3 tripleh1 troubador3 truelove truelove1 trustingod trustno1 trustnobody trustnoone twinkletwinkle
  twinkletwinklelittlestar twitter1 typepasswordhere typeyourpassword undefined undefined1 undertaker universal
  university usa12345 usausausa user1234 username username1 username123 usernamepassword userpassword useruser
  valentina valentine valentine1 vanessa1 venezuela veronica verylongpassword verylongpassword123 verysecurepassword
  verystrongpassword victoria victoria1 victoria123 vietnam123 vincent1 vodka123 volcano1 voldemort volleyball
  wachtwoord wachtwoord1 warcraft warcraft3 warrior1 warriors wasd1234 wasdwasd waterfall watermelon websitepassword
  welcome1 welcome12 welcome123 welcome1234 welcome12345 welcome2020 welcome2021 welcome2022 welcome2023 welcome2024
  welcome2025 welcome2026 welcomeback welcomehome welcomepassword welcometohell welcometomyworld welcometothejungle
  welcomewelcome welkom01 welkom123 welkom2024 whatever whatever1 whatever12 whatever123 whateverwhatever whatsapp
  whatsup1 whatthefuck whatthehell whiskey1 whitesox whocares whocares123 william1 william123 willkommen willkommen1
  willkommen123 windows1 windows10 windows11 winner123 winners1 winniethepooh winning1 winter123 winter2020 winter2021
  winter2022 winter2023 winter2024 winter2025 winter2026 wintertime woaini123 woaini1314 woaini520 woaini5201314
  wolverine workpassword worldofwarcraft wrestling xbox360live yahoo123 yamaha123 yankees1 yankees123 yellow12
  yellow123 youaremysunshine youcantguessthis youllneverguess youllneverwalkalone yourmysunshine yourpassword
  yourpasswordhere yourpasswordisincorrect youshallnotpass youtube1 youtube123 youwillneverguess zachary1 zaq123wsx
  zaq12wsx zaq1xsw2 zaq1zaq1 zinedine zxcv1234 zxcvbnm1 zxcvbnm123 zxcvbnm123456 zxcvzxcv zxczxc123
  zyxwvutsrqponmlkjihgfedcba şifre123
`
  .trim()
  .split(/\s+/);

/** Words of which such passwords are made: `admin` + `password` + `2026` needs no entry of its own. */
export const COMMON_STEMS: readonly string[] = `
  abc admin admin1 alex amor andrew angel apple asd asdf ashley autumn azerty baby bailey banana batman best bitch
  boss buster cat charlie cheese chelsea chris christ company contrasena cookie daddy daniel david default demo
  diamond dog dragon email eminem fall family flower forever freedom friend friends fuck fun geheim george ginger girl
  god good google guest hallo hannah happy harley haslo hello heslo hockey home hottie house hunter iphone is jesus
  jordan joshua justin killer kitty lakers letmein life login london long love lovely lover lucky maggie magic master
  matrix matthew me mercedes merlin michael mine mom mommy money monkey mother music mustang my naruto new nicole
  ninja office orange our parola pass passwd password passwort pepper please pokemon princess purple qazwsx queen qwe
  qwerty rainbow ranger robert root samsung school secret secure senha server sexy shadow silver sky smile snoopy
  soccer sommer sparky spring star strong summer sunshine super superman support sweet system taylor temp test tester
  the this thomas thunder tiger tigger user very welcome winter work yankees yellow you your zxc zxcvbn
`
  .trim()
  .split(/\s+/);
