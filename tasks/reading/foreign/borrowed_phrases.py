"""Phrases of other languages that English texts quote: they say nothing of a text. Pure."""

import re
from functools import cache

from tasks.reading.foreign.folding import without_marks

_PHRASES = """
a capella|a cappella|a la carte|a la mode|a presto|adios amigo|adios amigos|aji de gallina|
al dente|al fresco|allegro ma non troppo|allez les bleus|aloha kakahiaka|aloo gobi|
ancien regime|arroz con pollo|art nouveau|as-salamu alaykum|asante sana|au bon pain|
au contraire|au courant|au fait|au gratin|au jus|au lait|au naturel|au pair|au poivre|au revoir|
auf wiedersehen|avant garde|banh mi|beau geste|beaux arts|bella ciao|belle epoque|besame mucho|
bete noire|bhai dooj|blanc de blancs|blanc de noirs|bon appetit|bon mot|bon vivant|bon voyage|
bonne chance|bonne nuit|brut nature|buenas noches|bun bo hue|bun cha|buon appetito|c'est bon|
c'est la vie|c'est magnifique|c'est tout|ca phe sua da|cafe au lait|cafe con leche|cafe de olla|
carne asada|carte blanche|cause celebre|cead mile failte|cha cha cha|chaise longue|chak de|
champs elysees|chana masala|chanson d'amour|char kway teow|char siu|che sera sera|chef d'oeuvre|
cherchez la femme|ciao bella|cin cin|cinco de mayo|clair de lune|com tam|comme ci comme ca|
comme des garcons|comme il faut|con brio|con leche|con te partiro|cong you bing|coq au vin|
cordon bleu|cosi fan tutte|cote d'azur|cotes du rhone|coup d'etat|coup de grace|coup de theatre|
creme brulee|creme caramel|creme de la creme|creme de menthe|creme fraiche|cri de coeur|
croque madame|croque monsieur|cul de sac|cymru am byth|da capo|da svidanya|dal makhani|das auto|
das boot|der himmel uber berlin|der tod und das madchen|dia de los muertos|
die entfuhrung aus dem serail|die zauberflote|dil maange more|dim sum|dolce far niente|
dolce gusto|dolce vita|domo arigato|double entendre|du jour|dulce de leche|eau de cologne|
eau de parfum|eau de toilette|eid mubarak|ein deutsches requiem|ein prosit|
eine kleine nachtmusik|eins zwei|eins zwei drei|en famille|en garde|en masse|en passant|
en plein air|en route|en suite|enfant terrible|entre nous|erin go bragh|esprit de corps|
fait accompli|faux pas|feliz cumpleanos|feliz navidad|femme fatale|fete de la musique|film noir|
fin de siecle|fleur de lis|fleur de lys|fleur de sel|foie gras|folie a deux|force majeure|
forza italia|frutti di mare|ganesh chaturthi|goi cuon|gong xi fa cai|gott sei dank|gran reserva|
grand cru|grand prix|grazie mille|gulab jamun|gute nacht|guten morgen|hablamos espanol|
haere mai|hakuna matata|hala madrid|har gow|hari raya|hasta la vista|hasta luego|hasta manana|
haute couture|haute cuisine|hevenu shalom|hola amigos|hong shao rou|hors d'oeuvre|
hors d'oeuvres|huevos rancheros|ich bin ein berliner|idee fixe|ikan bakar|in loco parentis|
insha allah|j'accuse|j'adore|jai hind|jambo bwana|je ne regrette rien|je ne sais quoi|
jeu de mots|jeunesse doree|joie de vivre|joyeux noel|kaffee und kuchen|khao soi|kia ora|
kung hei fat choi|l'apres midi d'un faune|l'chaim|la bamba|la boheme|la casa de papel|
la dolce vita|la forza del destino|la traviata|la vida loca|la vie en rose|la vita e bella|
laissez faire|laissez les bons temps rouler|lascia ch'io pianga|le quattro stagioni|
les miserables|livin' la vida loca|lo mai gai|mahalo nui loa|maitre d'|mal de mer|mamma mia|
manage a trois|mano a mano|mardi gras|mariage de convenance|marrons glaces|masha allah|
mazel tov|me gusta|mea culpa|mee goreng|mein gott|menage a trois|mi casa es su casa|
mi casa tu casa|mille grazie|mise en place|mise en scene|modus operandi|molto bene|mot juste|
moules frites|moules marinieres|mucho gusto|n'est-ce pas|na zdorovie|na zdrowie|nada mas|
nasi goreng|nasi lemak|nessun dorma|ni hao|no bueno|noblesse oblige|noche buena|nom de guerre|
nom de plume|nouveau riche|nouveau riches|nouvelle cuisine|nouvelle vague|numero uno|
o mio babbino caro|o sole mio|objet d'art|objets d'art|ole ole|om shanti|osso buco|oy vey|
pad see ew|pad thai|pain au chocolat|pain d'epices|pain de campagne|pain de mie|pain perdu|
paisa vasool|palak paneer|pan con tomate|panna cotta|pao de queijo|papier mache|par avion|
par excellence|pas de deux|pas de trois|pasta al forno|pasta e fagioli|pastel de nata|
patatas bravas|pate de foie gras|petit four|petits fours|pho bo|pho ga|pico de gallo|
piece de resistance|pied a terre|pis aller|plat du jour|plus ca change|
plus ca change plus c'est la meme chose|pollo a la brasa|pomme frites|pommes frites|
por que no los dos|pot au feu|pour une infante defunte|prego signora|premier cru|pret a manger|
pret a porter|prix fixe|prosciutto e melone|que pasa|que sera sera|quelle horreur|
quelle surprise|raison d'etat|raison d'etre|raksha bandhan|ramadan kareem|roman a clef|
ropa vieja|rosh hashanah|roti canai|s'il vous plait|sacre bleu|safari njema|salaam alaikum|
salade nicoise|salam aleikum|salsa verde|salud amor y dinero|sang froid|sans souci|savoir faire|
savoir vivre|se habla espanol|selamat hari raya|shabbat shalom|shana tova|si se puede|
si vous plait|siu mai|slainte|slainte mhath|soi disant|som tam|son et lumiere|sotto voce|
sous vide|steak frites|sturm und drang|table d'hote|tarte au citron|tarte tatin|
te whanganui-a-tara|teh tarik|tete a tete|thanda matlab|tom kha|tom yum|tour de force|
tour de france|tout court|tout de suite|tres bien|tres chic|tres jolie|trompe l'oeil|
un deux trois|uno dos tres|unter den linden|va bene|va pensiero|vamos a la playa|vamos rafa|
vaya con dios|visca barca|viva la revolucion|viva la vida|vive la difference|vive la france|
volte face|vorsprung durch technik|voulez-vous|wie geht's|xie xie|y asociados|y tu mama tambien|
yom kippur|zut alors
"""
_LATIN = """
ab initio|ab ovo|actus non facit reum nisi mens sit rea|actus reus|ad astra|ad hoc|ad hominem|
ad infinitum|ad libitum|ad nauseam|agnus dei|alea iacta est|alma mater|alter ego|amicus curiae|
amor fati|amor vincit omnia|anno domini|annus horribilis|annus mirabilis|ars gratia artis|
ars longa|audi alteram partem|ave maria|bis in die|bona fide|carmina burana|carpe diem|
carpe noctem|caveat emptor|cestui que trust|ceteris paribus|citius altius fortius|
cogito ergo sum|compos mentis|corpus delicti|cui bono|cum laude|curriculum vitae|de facto|
de gustibus non est disputandum|de iure|de jure|de minimis|de minimis non curat lex|de novo|
deo gratias|deus ex machina|deus vult|dies irae|dona eis requiem|dulce et decorum est|
dum spiro spero|e pluribus unum|ecce homo|errare humanum est|et al|et alii|et cetera|
et tu brute|ex ante|ex cathedra|ex libris|ex nihilo|ex officio|ex post facto|ex tempore|
exempli gratia|expressio unius est exclusio alterius|fiat lux|forum non conveniens|
gaudeamus igitur|gloria in excelsis|gratia plena|habeas corpus|homo homini lupus|homo sapiens|
honoris causa|id est|in absentia|in camera|in extremis|in flagrante delicto|in loco parentis|
in medias res|in memoriam|in rem|in situ|in toto|in utero|in vino veritas|in vitro|in vivo|
inter alia|inter vivos|ipso facto|kyrie eleison|lex talionis|lis pendens|locus standi|
lorem ipsum|lux aeterna|magna carta|magna cum laude|magnum opus|mare nostrum|mea culpa|
memento mori|memento vivere|mens rea|mens sana in corpore sano|mirabile dictu|modus operandi|
modus vivendi|mutatis mutandis|ne plus ultra|nemo dat quod non habet|nolo contendere|
non compos mentis|non sequitur|nota bene|nulla poena sine lege|nunc est bibendum|nunc pro tunc|
obiter dicta|obiter dictum|omnia vincit amor|ora et labora|pacta sunt servanda|
panem et circenses|pater noster|pax romana|pax vobiscum|per annum|per aspera|per capita|
per diem|per os|per se|per stirpes|perpetuum mobile|persona non grata|post hoc ergo propter hoc|
post meridiem|post mortem|prima facie|primus inter pares|pro bono|pro bono publico|pro forma|
pro rata|pro re nata|pro se|pro tempore|profit a prendre|quid pro quo|
quis custodiet ipsos custodes|quo vadis|quod erat demonstrandum|ratio decidendi|
reductio ad absurdum|requiem aeternam|requiem aeternam dona eis|requiescat in pace|
res ipsa loquitur|res judicata|res nullius|rigor mortis|salus populi|semper fi|semper fidelis|
semper paratus|si vis pacem para bellum|sic semper tyrannis|sic transit gloria mundi|sine die|
sine qua non|stare decisis|status quo|sub judice|sub poena|sub rosa|sui generis|summa cum laude|
tabula rasa|te deum|tempus fugit|ter in die|terra firma|terra incognita|ultra vires|
urbi et orbi|vade mecum|veni vidi vici|verbatim|veritas|vice versa|victoria aut mors|
vita brevis|volenti non fit injuria|vox populi
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
