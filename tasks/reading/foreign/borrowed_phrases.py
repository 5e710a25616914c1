"""Phrases of other languages that English texts quote: they say nothing of a text. Pure."""

import re
from functools import cache

from tasks.reading.foreign.folding import without_marks

_PHRASES = """
a capella|a cappella|a la carte|a la mode|a presto|adios amigo|adios amigos|aji de gallina|al dente|
al fresco|allegro ma non troppo|allez les bleus|aloe vera|aloha kakahiaka|aloo gobi|ancien regime|
ao dai|arroz con pollo|art nouveau|as-salamu alaykum|asante sana|au bon pain|au contraire|
au courant|au fait|au gratin|au jus|au lait|au naturel|au pair|au poivre|au revoir|auf wiedersehen|
auld lang syne|avant garde|banh mi|banh xeo|beau geste|beaux arts|bella ciao|belle epoque|
besame mucho|bete noire|bhai dooj|bibbidi bobbidi boo|blanc de blancs|blanc de noirs|bon appetit|
bon mot|bon vivant|bon voyage|bonne chance|bonne nuit|brut nature|buenas noches|bun bo hue|bun cha|
buon appetito|c'est bon|c'est la vie|c'est magnifique|c'est tout|ca phe sua da|cacio e pepe|
cafe au lait|cafe con leche|cafe de olla|carne asada|carte blanche|cause celebre|cead mile failte|
cha cha cha|chaise longue|chak de|champs elysees|chana masala|chanson d'amour|char kway teow|
char siu|che sera sera|chef d'oeuvre|cherchez la femme|ciao bella|cin cin|cinco de mayo|
clair de lune|com tam|comme ci comme ca|comme des garcons|comme il faut|con brio|con leche|
con te partiro|cong you bing|coq au vin|cordon bleu|cosi fan tutte|cote d'azur|cotes du rhone|
coup d'etat|coup de grace|coup de theatre|creme brulee|creme caramel|creme de la creme|
creme de menthe|creme fraiche|cri de coeur|croque madame|croque monsieur|cul de sac|cymru am byth|
da capo|da svidanya|dal makhani|das auto|das boot|der himmel uber berlin|der tod und das madchen|
dia de los muertos|die entfuhrung aus dem serail|die zauberflote|dil maange more|dim sum|
dolce far niente|dolce gusto|dolce vita|domo arigato|double entendre|du jour|dulce de leche|
eau de cologne|eau de parfum|eau de toilette|eid mubarak|ein deutsches requiem|ein prosit|
eine kleine nachtmusik|eins zwei|eins zwei drei|en famille|en garde|en masse|en passant|
en plein air|en route|en suite|enfant terrible|entre nous|erin go bragh|esprit de corps|
fait accompli|faux pas|feliz cumpleanos|feliz navidad|femme fatale|fete de la musique|film noir|
fin de siecle|fleur de lis|fleur de lys|fleur de sel|foie gras|folie a deux|force majeure|
forza italia|frutti di mare|ganesh chaturthi|goi cuon|gong xi fa cai|gott sei dank|gran reserva|
grand cru|grand prix|grazie mille|gulab jamun|gute nacht|guten morgen|hablamos espanol|haere mai|
hakuna matata|hala madrid|har gow|hari raya|hasta la pasta|hasta la vista|hasta luego|hasta manana|
haute couture|haute cuisine|hevenu shalom|hola amigos|hong shao rou|hors d'oeuvre|hors d'oeuvres|
huevos rancheros|ich bin ein berliner|idee fixe|ikan bakar|in loco parentis|insha allah|j'accuse|
j'adore|jai hind|jambo bwana|je ne regrette rien|je ne sais quoi|jeu de mots|jeunesse doree|
joie de vivre|joyeux noel|kaffee und kuchen|khao soi|kia ora|kung fu|kung hei fat choi|
l'apres midi d'un faune|l'chaim|la bamba|la boheme|la casa de papel|la dolce vita|
la forza del destino|la traviata|la vida loca|la vie en rose|la vita e bella|laissez faire|
laissez les bons temps rouler|lascia ch'io pianga|le quattro stagioni|les miserables|
livin' la vida loca|lo mai gai|mahalo nui loa|maitre d'|mal de mer|mamma mia|manage a trois|
mano a mano|mardi gras|mariage de convenance|marrons glaces|masha allah|mazel tov|me gusta|
mea culpa|mee goreng|mein gott|menage a trois|mi casa es su casa|mi casa tu casa|mille grazie|
mise en place|mise en scene|modus operandi|molto bene|mot juste|moules frites|moules marinieres|
mucho gusto|n'est-ce pas|na zdorovie|na zdrowie|nada mas|nasi goreng|nasi lemak|nessun dorma|ni hao|
no bueno|noblesse oblige|noche buena|nom de guerre|nom de plume|nouveau riche|nouveau riches|
nouvelle cuisine|nouvelle vague|numero uno|o mio babbino caro|o sole mio|objet d'art|objets d'art|
ole ole|om shanti|osso buco|oy vey|pad see ew|pad thai|pain au chocolat|pain d'epices|
pain de campagne|pain de mie|pain perdu|paisa vasool|palak paneer|pan con tomate|panna cotta|
pao de queijo|papier mache|par avion|par excellence|pas de deux|pas de trois|pasta al forno|
pasta e fagioli|pastel de nata|patatas bravas|pate de foie gras|petit four|petits fours|pho bo|
pho ga|pho xao|pico de gallo|piece de resistance|pied a terre|pis aller|plat du jour|plus ca change|
plus ca change plus c'est la meme chose|pollo a la brasa|pomme frites|pommes frites|
por que no los dos|pot au feu|pour une infante defunte|prego signora|premier cru|pret a manger|
pret a porter|prix fixe|prosciutto e melone|que pasa|que sera sera|quelle horreur|quelle surprise|
raison d'etat|raison d'etre|raksha bandhan|ramadan kareem|roman a clef|ropa vieja|rosh hashanah|
roti canai|s'il vous plait|sacre bleu|safari njema|salaam alaikum|salade nicoise|salam aleikum|
salsa verde|salud amor y dinero|sang froid|sans souci|savoir faire|savoir vivre|se habla espanol|
selamat hari raya|shabbat shalom|shana tova|si se puede|si vous plait|siu mai|slainte|slainte mhath|
soi disant|som tam|son et lumiere|sotto voce|sous vide|steak frites|sturm und drang|table d'hote|
tarte au citron|tarte tatin|te whanganui-a-tara|teh tarik|tete a tete|thanda matlab|tom kha|tom yum|
tour de force|tour de france|tout court|tout de suite|tres bien|tres chic|tres jolie|trompe l'oeil|
un deux trois|uno dos tres|unter den linden|va bene|va pensiero|vamos a la playa|vamos rafa|
vaya con dios|visca barca|viva la revolucion|viva la vida|vive la difference|vive la france|
volte face|vorsprung durch technik|voulez-vous|wie geht's|xie xie|y asociados|y tu mama tambien|
yom kippur|zut alors
"""
_LATIN = """
ab initio|ab ovo|acta non verba|actus non facit reum nisi mens sit rea|actus reus|ad altiora tendo|
ad astra|ad gloriam|ad hoc|ad hominem|ad infinitum|ad libitum|ad maiora|ad meliora|ad multos annos|
ad nauseam|agnus dei|alea iacta est|alis grave nil|alis volat propriis|alma mater|alter ego|
amicus curiae|amicus plato|amor fati|amor vincit omnia|anno domini|annuit coeptis|annus horribilis|
annus mirabilis|ante bellum|ars gratia artis|ars longa|ars moriendi|audaces fortuna iuvat|
audentes fortuna iuvat|audere est facere|audi alteram partem|aut caesar aut nihil|
aut viam inveniam aut faciam|ave atque vale|ave maria|bis dat qui cito dat|bis in die|bona fide|
bona fides|carmina burana|carpe diem|carpe diem quam minimum credula postero|carpe noctem|
carthago delenda est|casus belli|caveat emptor|caveat lector|cestui que trust|ceteris paribus|
citius altius fortius|citius altius fortius communiter|civis romanus sum|cogito ergo sum|
compos mentis|concordia discors|coram deo|corpus delicti|credo quia absurdum|crescit eundo|cui bono|
cuius regio eius religio|cum laude|cura personalis|cura te ipsum|curriculum vitae|damnatio memoriae|
de facto|de gustibus non est disputandum|de iure|de jure|de minimis|de minimis non curat lex|
de mortuis nil nisi bonum|de novo|de omnibus dubitandum|de profundis|decus et tutamen|dei gratia|
delenda est|deo gratias|deo volente|desine sperare|deus ex machina|deus vult|dictum meum pactum|
dies irae|disce aut discede|divide et impera|docendo discimus|dominus illuminatio mea|
dominus vobiscum|dona eis requiem|dulce et decorum est|dulcius ex asperis|dum spiro spero|
dum vita est spes est|dum vivimus vivamus|dux femina facti|e pluribus unum|ecce agnus dei|ecce homo|
ense petit placidam|errare humanum est|esse quam videri|est modus in rebus|esto perpetua|et al|
et alii|et cetera|et in arcadia ego|et lux in tenebris|et tu brute|ex animo|ex ante|ex cathedra|
ex gratia|ex libris|ex luna scientia|ex nihilo|ex officio|ex pluribus|ex post facto|
ex scientia tridens|ex silentio|ex tempore|exempli gratia|expressio unius est exclusio alterius|
faber est suae quisque fortunae|fac et spera|fac simile|facta non verba|factum est|fama volat|
festina lente|fiat iustitia|fiat justitia ruat caelum|fiat lux|fidei defensor|fides et ratio|
fluctuat nec mergitur|fortes fortuna adiuvat|fortes fortuna iuvat|fortis fortuna adiuvat|
fortuna favet fortibus|forum non conveniens|gaudeamus igitur|gens una sumus|gesta non verba|
gloria in excelsis|gloria patri|gnothi seauton|gradatim ferociter|gratia plena|habeas corpus|
hic et nunc|hic sunt dracones|hinc illae lacrimae|historia magistra vitae|hoc est corpus|homo faber|
homo homini lupus|homo ludens|homo novus|homo sapiens|honi soit|honoris causa|
humani nihil a me alienum puto|id est|ignis fatuus|ignorantia juris non excusat|imitatio dei|
in absentia|in aeternum|in articulo mortis|in camera|in deo speramus|in excelsis deo|in extremis|
in flagrante delicto|in hoc signo vinces|in loco parentis|in lumine tuo videbimus lumen|
in medias res|in memoriam|in omnia paratus|in perpetuum|in principio erat verbum|in rem|
in saecula saeculorum|in situ|in toto|in utero|in varietate concordia|in vino veritas|in vitro|
in vivo|inter alia|inter arma enim silent leges|inter vivos|invictus maneo|ipso facto|ira deorum|
iura novit curia|jus soli|kyrie eleison|labor improbus omnia vincit|labor omnia vincit|
laborare est orare|laudate dominum|legio patria nostra|lex mercatoria|lex talionis|
libertas perfundet omnia luce|lis pendens|locus standi|lorem ipsum|lucem sequimur|luctor et emergo|
lumen gentium|lux aeterna|lux et veritas|lux in tenebris lucet|lux mundi|macte animo|magna carta|
magna cum laude|magnum opus|manus manum lavat|mare nostrum|mater dolorosa|mea culpa|memento mori|
memento vivere|mens agitat molem|mens et manus|mens rea|mens sana in corpore sano|mirabile dictu|
miserere mei|modus operandi|modus vivendi|montani semper liberi|morituri te salutant|
mors certa hora incerta|mors vincit omnia|multum in parvo|mundus vult decipi|mutatis mutandis|
natura non facit saltum|navigare necesse est|ne bis in idem|ne plus ultra|nec pluribus impar|
nec temere nec timide|nemine contradicente|nemo dat quod non habet|nemo me impune lacessit|
nemo sine vitio est|nihil novi|nihil obstat|nil admirari|nil desperandum|nil satis nisi optimum|
nil sine labore|nil sine numine|nolens volens|noli me tangere|noli timere|nolo contendere|
nomen est omen|non compos mentis|non ducor duco|non nobis domine|non omnis moriar|
non progredi est regredi|non scholae sed vitae|non sequitur|non serviam|non sibi|
non sibi sed patriae|nosce te ipsum|nota bene|novus homo|novus ordo seclorum|nulla dies sine linea|
nulla poena sine lege|nulli secundus|nullius in verba|numen lumen|nunc dimittis|nunc est bibendum|
nunc pro tunc|o tempora o mores|obiter dicta|obiter dictum|oderint dum metuant|omne trium perfectum|
omnia mea mecum porto|omnia mutantur|omnia vincit|omnia vincit amor|opere citato|optimus maximus|
ora et labora|ora pro nobis|orbis terrarum|pacta sunt servanda|palma non sine pulvere|
panem et circenses|parens patriae|pater noster|pax et bonum|pax in terra|pax romana|pax vobiscum|
pecunia non olet|per angusta ad augusta|per annum|per ardua ad astra|per aspera|per aspera ad astra|
per capita|per crucem ad lucem|per diem|per fas et nefas|per mare per terram|per os|per se|
per stirpes|perpetuum mobile|persona non grata|pluralia tantum|plus ultra|post hoc ergo propter hoc|
post meridiem|post mortem|post scriptum|potius mori quam foedari|praemonitus praemunitus|
prima facie|primum non nocere|primus inter pares|pro aris et focis|pro bono|pro bono publico|
pro forma|pro patria|pro patria mori|pro rata|pro re nata|pro se|pro tempore|profit a prendre|
pulvis et umbra sumus|quae nocent docent|quantum satis|qui tacet consentire videtur|
qui transtulit sustinet|quid pro quo|quis custodiet ipsos custodes|quis ut deus|quo fata ferunt|
quo vadis|quod erat demonstrandum|quod licet iovi non licet bovi|quot homines tot sententiae|
rara avis|ratio decidendi|reductio ad absurdum|regina caeli|regnat populus|
repetitio est mater studiorum|requiem aeternam|requiem aeternam dona eis|requiescat in pace|
res gestae|res ipsa loquitur|res judicata|res non verba|res nullius|res publica|
res severa verum gaudium|respice finem|rigor mortis|salus aegroti suprema lex|salus populi|
salvator mundi|sapere aude|scientia est potentia|scientia potentia est|scientia vincere tenebras|
scuto bonae voluntatis|secundum naturam|semper ad meliora|semper anticus|semper eadem|
semper excelsior|semper fi|semper fidelis|semper idem|semper liber|semper paratus|semper supra|
semper vigilans|senatus populusque romanus|sensu stricto|si deus pro nobis quis contra nos|
si vis pacem para bellum|sic itur ad astra|sic parvis magna|sic semper tyrannis|sic transit gloria|
sic transit gloria mundi|sic vos non vobis|silent enim leges|similia similibus curantur|sine die|
sine ira et studio|sine metu|sine qua non|sit tibi terra levis|sol invictus|
sol iustitiae illustra nos|sola fide|sola scriptura|soli deo gloria|spes mea christus|
spiritus sanctus|stabat mater|stare decisis|status quo|status quo ante|sub judice|sub poena|
sub rosa|sub specie aeternitatis|sui generis|sui juris|sum quod eris|summa cum laude|sursum corda|
suum cuique|tabula rasa|te deum|tempora mutantur|tempora mutantur nos et mutamur in illis|
tempus edax rerum|tempus fugit|tempus rerum imperator|tenax propositi|ter et quater|ter in die|
terra firma|terra incognita|timeo danaos et dona ferentes|totus tuus|translatio imperii|tu quoque|
tuum est|ubi bene ibi patria|ubi caritas|ubi concordia ibi victoria|ubi societas ibi jus|ubi sunt|
ultima ratio|ultima thule|ultra vires|una salus victis|unitas veritas caritas|unum castigabis|
unus pro omnibus omnes pro uno|urbi et orbi|ut pictura poesis|ut prosim|uti possidetis|utile dulci|
vade in pace|vade mecum|vade retro satana|vae victis|vanitas vanitatum|varietas delectat|
veni creator spiritus|veni vidi amavi|veni vidi vici|verba volant scripta manent|verbatim|
verbum sapienti|veritas|veritas aequitas|veritas et utilitas|veritas lux mea|veritas vincit|
veritas vos liberabit|veritate et virtute|vi et armis|via crucis|via dolorosa|via media|vice versa|
victor ludorum|victoria aut mors|victoria concordia crescit|vigilate et orate|vince malum bono|
vincere aut mori|vincit omnia veritas|vincit qui se vincit|vincit veritas|
vir prudens non contra ventum mingit|virtus in medio stat|virtute et armis|vis viva|vita brevis|
vita nova|vivat academia|vivat crescat floreat|vivat regina|vive memor leti|vive ut vivas|
vivere est cogitare|volens et potens|volenti non fit injuria|vox clamantis in deserto|vox dei|
vox nihili|vox populi
"""
_TOKEN = re.compile(r"[^\W\d_]+(?:['’ʻ][^\W\d_]+)*")


def without_phrases(prose: str) -> str:
    """``prose`` without the phrases that English has borrowed; names in it stay."""
    tokens = list(_TOKEN.finditer(prose))
    words = [without_marks(token[0]) for token in tokens]
    index = kept_from = 0
    kept: list[str] = []
    while index < len(words):
        length = max(
            (
                len(phrase)
                for phrase in _phrases().get(words[index], ())
                if tuple(words[index : index + len(phrase)]) == phrase
            ),
            default=0,
        )
        if length:
            kept.append(prose[kept_from : tokens[index].start()])
            kept_from = tokens[index + length - 1].end()
        index += length or 1
    return "".join((*kept, prose[kept_from:])) if kept else prose


@cache
def _phrases() -> dict[str, tuple[tuple[str, ...], ...]]:
    """By first word; hyphens part words here, as people write them either way."""
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for listed in (_PHRASES, _LATIN):
        for phrase in listed.replace("\n", "").split("|"):
            words = tuple(_TOKEN.findall(phrase))
            phrases.setdefault(words[0], []).append(words)
    return {first: tuple(each) for first, each in phrases.items()}
