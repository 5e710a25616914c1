"""Words and short lines by which languages in Latin letters are told: data alone."""

SMALL_WORDS = """
au aux avec bienvenue bonjour bonsoir ce ces cette chez dans depuis des du elle est et être ils
la le les leur leurs mais merci mes mon notre nos nous ou où par pas pour quand que qui sa sans
ses son sont sur toujours tous tout toute toutes très tu un une vos votre vous voici aber alle
alles auch auf aus bei beim bitte das dass dein dem den der deutsch die diese dieser dir durch
ein eine einen einem einer es für gibt guten hallo haben heute herzlich hier ich ihr ihre ihnen
im immer ist jetzt kann kein keine können mein mehr mit nach nicht noch nur oder schon sehr sich
sie sind tag über um und uns unser unsere unserem von vom vor war wenn werden wie willkommen wir
wird zu zum zur al algo como con cómo cuando de del desde donde el ella ellos en entre esta está
este esto están gracias hasta hay hola las lo los más mi mis muy nosotros nuestra nuestras
nuestro nuestros para pero por porque qué se sin sobre su sus también te tiene todo todos todas
tus una usted ustedes ya yo buenos buenas bienvenidos bienvenido días cada ai alla anche
benvenuti benvenuto che chi ciao come cosa da dal dalla degli dei della delle dello di è e gli
grazie ha hanno i il in io loro ma molto nel nella negli noi non nostra nostri nostro o ogni per
perché più qual quando quella quello questa questo senza si sono sua suo sul sulla ti tra tutti
tutto uno vi voi vostra vostro buongiorno ao aos às as até bem boa bom com dela dele do dos ela
ele eles em essa esse eu foi isso já mas meu minha muito na não nas no nós nossa nossas nosso
nossos obrigado olá pela pelo sem seu seus suas também tem tudo uma você vocês bij dat deze dit
door een er geen goed goede heb heeft het hoe ik is je jouw kan kunnen maar meer met mijn naar
niet nog nu of om onder ons onze ook op over tot uit uw van veel voor waar wat we welkom werd
wij worden ze zeer zich zijn zo ale bardzo będzie być był co czy dla dlaczego dobry dzień gdy go
ja jak jako jest jesteśmy już każdy które który która lub może my nasz nasza nasze naszego
naszej naszym nie nim od oraz po pod przed przez przy są się tak tej to ten tylko tym twoje w
wam was wszystko witamy z za że ama bir biz bizim bu bugün çok daha değil evet gibi hem her hoş
için ile kadar ki merhaba ne nasıl olan olarak size siz sizin sonra şimdi tüm ve veya var yeni
yok ada adalah akan anda apa atau bagi bahwa banyak bisa dalam dan dapat dari dengan hari harus
ini itu jika juga kami kamu karena ke kita lebih lagi mereka oleh pada saya sangat sebuah
selamat semua sudah telah tetapi tidak untuk yang datang att av det ett från för har hej hon hur
inte jag kommer med men mycket när och också på sig som till tack ut vår våra välkommen är af at
blev dig eller fra få ham han hun hvad hvor ikke jeg meget mig når takk hos tusen og også til være
vores
velkommen bare bli både deg dere for hei hva hvordan meg mye nå oss seg ved våre ei että hän he
hyvä jos joka kaikki kanssa kuin kun me meidän minä mitä mutta myös nyt olet on olla oli sekä
sen siellä tai tämä tervetuloa a ani až by být dobrý jeho jen ještě jsem jsme jsou k kde když
která které který má můžete naše našem není nebo pro při s své ta také tento u už v vám vás váš
vítejte vše že alebo ako aj čo keď ktorá ktoré ktorý máte naša pre pri sme sú ste vitajte az és
egy ez hogy itt jó köszönjük lehet magyar már minden most nagyon nap nem önnek üdvözöljük vagy
volt acest aceasta ati ați avem bine bună ca când care cel cu din după fi foarte în lui mai mult
nostru noastră noastre pe pentru prin sau să și sunt toate vă zi ali bez bi dobar dobro
dobrodošli ih iz kad kako koja koje koji može naš nije samo smo svi što uz vam vas amb aquest
aquesta bé benvinguts dels els més molt nosaltres però què són ang ay ba hindi ikaw ito ka kayo
ko kumusta lahat maligayang mga namin natin ng nila niya pagdating salamat siya tayo asante
habari hii huu karibu katika kila kuwa kwa lakini ni pia sana sasa sisi wa wetu yake yetu bạn
bán cả các cái chào chúng cho có của cùng đã đang đây để đến được hãy hơn khi không là làm lên
lại mà một mọi này nào năm ngay như nhiều những nhất ở qua ra rất sẽ sản tại tất thì tôi trên
trong từ và vào về vì với xin cảm ơn c'est j'ai n'est qu'il qu'on d'un d'une s'il aujourd'hui
c'è dov'è un'altra nouveau nouvelle nouveaux nouvelles prix livraison gratuit gratuite maison
beaucoup jusqu'au maintenant meilleur meilleure qualité neu neue neuen neuer neues kostenlos
kostenloser kostenlose versand preis preise vielen dank ihren ihrem ihrer unseren bestellen
kaufen lampe beste besten ab rabatt schön schöne freunde mejor mejores precio nueva nuevo nuevas
envío calidad ahora tiempo compra solo casa vida hoy nuova nuovo nuovi nuove spedizione gratuita
migliore negozio arrivo arrivi saldi prezzo sconto ora oggi scopri qualità acquista agora compre
ganhe desconto preço melhor
nova novo frete grátis hoje loja qualidade nieuwe gratis verzending vandaag morgen besteld prijs
bestel korting nieuw huis nowa nowy nowe dostawa darmowa cena najlepsza teraz sklep sklepie
ücretsiz fiyat iyi kargo hemen satın ürün ürünler baru harga hanya koleksi toko produk seluruh
terbaik beli kualitas sekarang mới giá miễn phí mua khám phá phẩm cửa hàng nya ny fri frakt köp
nye kjøp køb nová nové novou nový zdarma új ingyenes nou nouă preț uusi ilmainen soy somos
jestem cześć suis bin sou ben geldiniz amigos adiós obrigada danke tschüss wiedersehen revoir
arrivederci costa cuesta custa apenas soltanto costano cuestan kostar koster kostet maksaa euroa
kroner kronor rubli reais bienvenidos bienvenidas lampada lampara lámpara luminária lampan lampen
lamppu beställ hela helgen rea allt finns butik butiken lager handla prova lampor kollektion
idag koop bespaar bestellen ontdek profiteer bekijk bestil spar udforsk gælder tilbud bestill
utforsk tilbudet tilaa tutustu säästä ostaa takk betal ngayon sofort tienda
negozio magasin disponible disponibile disponível verfügbar tillgänglig
"""
ENGLISH = """
a about above across after again all almost along already also always am an and another any are
around as at away back be because been before being below best better between big both but buy
by call can can't choose come could day days did do does doesn't don't done down each easy enjoy
even ever every everyone everything few find first for free from full get give go good great had
has have he hello help her here here's hers hi high him his home how hundred i'll i'm i've if in
into is isn't it it's its just keep know last learn less let let's like little live long look
love made make makes many may me meet might mine more most much must my need never new next no
not nothing now of off offer old on once one only open or order other our ours out over own part
people please put ready really right safe sale same save say see set shall she shop should small
so some soon start stay still stop such t take than thank thanks that that's the their theirs
them then there there's these they thing things think this those three through time to today
together tomorrow tonight too top toward try turn two under until up us use very visit want was
watch way we we'll we're we've welcome well went were what what's when where which while who
who's whole whose why will with within without won't work world would year years yes yet you
you'll you're you've your yours
"""
BORROWED = """
apéritif attaché açaí blasé brûlée café cafés chic château cliché clichés confrère consommé
crudités crème crêpe crêpes doppelgänger décor déjà entrée entrées exposé façade façades fiancé
fiancée flambé frappé fräulein fête glacé gâteau jalapeño jalapeños lamé latté macramé matinée
maté mélange naïve naïvely naïveté papier-mâché passé phở pineau piña piñata piñatas pokémon
protégé protégée précis purée pâté raison risqué rosé résumé résumés sauté sautéed señor señora
señorita smörgåsbord soirée soirées soufflé soufflés soupçon tapénade touché toupée tête
vis-à-vis voilà à éclair éclairs über
"""
# small words that English texts have in names, or that are English words too
AMBIGUOUS = """
a ab ada adiós ai al ale ali am ama amigos ampere an ang at au az ba bade bare ben beste bin bon
bone buenas buenos but casa cena chat chic compra con da dal dan danke dare de del den der des
di die dies dig dim dit do du ein el em en er es et ex fi fort fri gas gene gift go gracias
costa custa gratis gratuit gut ha ham han has hasta hay hem hen her hub hut i ich ii im in is ja
je k ka ki
ko kun la lampe las le les li lo los ma mad man mango mas me men met mi mine mist mon most my na
ne neu ni no non nos note nou nouveau nova novo nu ny o od of om on ons or ora os ou pa pain par
para pas per plus po pod pour preis prix pro ra rabatt revoir sa sans se si sin six sol sole
solo son sono sont sou sous soy spring star su sur ta tag tam tan te ten ter ti tot tout tu un
una uno us ut van var vi via vier vim vis vista vom von war was we wie wo y ya yen yo z za ze zu
"""
SHORT_LINES = {
    "Swedish": (
        "vi ses|vi ses snart|ha en bra dag|ha det bra|god morgon|godmorgon|god kväll|god natt|"
        "hejdå|hej då|hej alla|trevlig helg|fri frakt|bra pris|bästa priset|rea nu|ny lampa|"
        "en lampa|den nya lampan|klicka här|läs mer|se mer|logga in|boka nu|bara idag|endast idag|"
        "slut snart|passa på|snabb leverans|fri retur|beställ nu|prova gratis|provkör idag|"
        "mer ljus hemma"
    ),
    "Danish": (
        "hav en god dag|god morgen|godmorgen|god weekend|fri fragt|læs mere|se mere|"
        "klik her|køb nu|bestil nu|kun i dag|spar nu|hurtig levering|på gensyn"
    ),
    "Norwegian": (
        "vi sees|ha en fin dag|god helg|les mer|"
        "klikk her|kjøp nå|bestill nå|rask levering|på gjensyn"
    ),
    "Finnish": (
        "nähdään pian|hyvää huomenta|hyvää päivää|lue lisää|osta nyt|tilaa nyt|vain tänään|kiitos|"
        "kiitos paljon|kiitoksia paljon"
    ),
    "German": (
        "bis bald|bis morgen|guten morgen|guten abend|gute nacht|jetzt kaufen|mehr erfahren|"
        "auf wiedersehen|danke schön|vielen dank|gleich bestellen"
    ),
    "Dutch": (
        "tot ziens|tot snel|goedemorgen|goedenavond|fijne dag|fijn weekend|lees meer|koop nu|"
        "bedankt|dank u wel|dankjewel|dank je wel"
    ),
    "Spanish": (
        "gracias|muchas gracias|mil gracias|buenos días|buenas tardes|buenas noches|hasta luego|"
        "hasta pronto|hasta mañana|compra ya|compra ahora|leer más|ver más|envío gratis|"
        "oferta especial|"
        "llegó el día|nos vemos"
    ),
    "French": (
        "merci|merci beaucoup|merci bien|au revoir|à bientôt|à demain|bonne journée|bonne soirée|"
        "lire la suite|en savoir plus|livraison gratuite|achetez maintenant|nouvelle collection"
    ),
    "Italian": (
        "grazie|grazie mille|mille grazie|arrivederci|a presto|buona giornata|buona serata|"
        "buonasera|"
        "nuovo arrivo|nuovi arrivi|nuovo arrivo in negozio|acquista ora|compra ora|scopri di più|"
        "spedizione gratuita|leggi di più"
    ),
    "Portuguese": (
        "obrigado|obrigada|muito obrigado|muito obrigada|bem-vindo|bem-vinda|bem-vindos|bom dia|"
        "boa tarde|boa noite|até logo|até breve|até amanhã|compre já|compre agora|saiba mais|"
        "frete grátis|portes grátis"
    ),
    "Polish": "dziękuję|dziękujemy|dzień dobry|do widzenia|kup teraz|zobacz więcej|nowa kolekcja",
    "Turkish": "teşekkürler|teşekkür ederim|günaydın|görüşürüz|hemen al|ücretsiz kargo",
    "Indonesian": "terima kasih|selamat pagi|selamat malam|sampai jumpa|beli sekarang",
    "Vietnamese": "cảm ơn|xin cảm ơn|cảm ơn bạn|mua ngay|xin chào|hẹn gặp lại",
}
SLOGANS = {
    "German": (
        "letzte chance|jetzt zugreifen|jetzt bestellen|nur heute|nur noch heute|ab sofort|"
        "neu im shop|frohe weihnachten|schöne feiertage|bestpreis garantiert"
    ),
    "French": (
        "offre limitée|offre limitee|dernières heures|dernieres heures|dernière chance|"
        "derniere chance|commandez maintenant|livraison offerte|joyeux noël|joyeux noel|"
        "bonne année|prix bas|meilleur prix"
    ),
    "Spanish": (
        "oferta limitada|últimos días|ultimos dias|últimas horas|última oportunidad|"
        "ultima oportunidad|solo hoy|envio gratis|feliz navidad y próspero año nuevo|"
        "mejor precio|nueva colección|rebajas de verano"
    ),
    "Portuguese": (
        "oferta limitada|últimos dias|última chance|ultima chance|só hoje|so hoje|"
        "frete gratis|feliz natal|nova coleção|melhor preço|compre hoje"
    ),
    "Italian": (
        "ultima occasione|ultimi giorni|offerta limitata|solo oggi|saldi estivi|"
        "saldi invernali|buon natale|nuova collezione|miglior prezzo|ordina ora|"
        "ordina subito"
    ),
    "Dutch": (
        "laatste kans|alleen vandaag|gratis verzending|nieuwe collectie|bestel nu|"
        "nu in de winkel|fijne feestdagen"
    ),
    "Swedish": "sista chansen|god jul|ny kollektion|köp nu",
    "Danish": "sidste chance|sidste udkald|glædelig jul|ny kollektion|kob nu",
    "Norwegian": "siste sjanse|god jul|ny kolleksjon|kjop na",
    "Finnish": "viimeinen mahdollisuus|ilmainen toimitus|uusi mallisto|hyvää joulua",
    "Polish": (
        "ostatnia szansa|ostatnie dni|tylko dzisiaj|tylko dziś|tylko dzis|darmowa dostawa|"
        "wesołych świąt|zamów teraz|zamow teraz|najniższa cena"
    ),
    "Czech": (
        "poslední šance|posledni sance|doprava zdarma|jen dnes|nová kolekce|nova kolekce|"
        "objednejte nyní"
    ),
    "Slovak": "posledná šanca|posledna sanca|doprava zadarmo|len dnes|nová kolekcia|nova kolekcia",
    "Hungarian": (
        "utolsó esély|utolso esely|csak ma|ingyenes szállítás|új kollekció|köszönöm|köszönjük"
    ),
    "Romanian": (
        "ultima șansă|ultima sansa|doar azi|transport gratuit|livrare gratuită|"
        "livrare gratuita|colecția nouă|mulțumim|multumim"
    ),
    "Croatian": (
        "zadnja prilika|posljednja prilika|samo danas|besplatna dostava|nova kolekcija|"
        "hvala|hvala vam|hvala lijepa"
    ),
    "Slovenian": "zadnja priložnost|samo danes|brezplačna dostava|hvala vam",
    "Turkish": (
        "son fırsat|son firsat|son günler|son gunler|kargo bedava|hemen sipariş ver|"
        "hemen siparis ver|sadece bugün|sadece bugun|sakin kacirmayin|sakın kaçırmayın|"
        "yeni sezon|tesekkurler|tesekkur ederim"
    ),
    "Indonesian": (
        "kesempatan terakhir|gratis ongkir|hanya hari ini|stok terbatas|koleksi terbaru|"
        "pesan sekarang|harga spesial|terimakasih"
    ),
    "Malay": (
        "peluang terakhir|penghantaran percuma|hari ini sahaja|stok terhad|tempah sekarang|"
        "koleksi baru"
    ),
    "Tagalog": (
        "huling araw na|libreng shipping|bili na|mag-order na|salamat po|maraming salamat|"
        "maraming salamat po|order na ngayon"
    ),
    "Vietnamese": (
        "giảm giá sốc|giam gia soc|miễn phí vận chuyển|mien phi van chuyen|"
        "mua một tặng một|mua mot tang mot|chỉ hôm nay|chi hom nay|mua ngay hôm nay|"
        "mua ngay hom nay|cam on|xin cam on|xin chao"
    ),
    "Swahili": "nunua sasa|leo tu|bei nafuu|asante sana|karibu sana|usafirishaji bure",
    "Estonian": "viimane võimalus|ainult täna|ainult tana|osta kohe|tasuta tarne|aitäh",
    "Latvian": "pēdējā iespēja|tikai šodien|tikai sodien|bezmaksas piegāde|paldies",
    "Lithuanian": "paskutinė proga|tik šiandien|tik siandien|nemokamas pristatymas|ačiū",
    "Catalan": (
        "última oportunitat|només avui|nomes avui|enviament gratuït|moltes gràcies|moltes gracies"
    ),
}
ALSO_FOREIGN = """
a am an as at do for he hi his i in is me no of on or so to van was we will
"""
GRAMMAR = """
the and of to for with from is are was were you your our we they he she it this that these those
have has had not what who how where when will by his her their its into i'm it's don't let's be but
can if or than there us my me says said them
"""
