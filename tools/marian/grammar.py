"""English sentences of a small grammar and their German translations: enough for a network of a few thousand weights to learn
something real, and for a test to know what is right."""

import random

# English, plural, German, gender, plural.
NOUNS = [line.split() for line in """
man men Mann m Männer
woman women Frau f Frauen
child children Kind n Kinder
dog dogs Hund m Hunde
cat cats Katze f Katzen
bird birds Vogel m Vögel
horse horses Pferd n Pferde
house houses Haus n Häuser
tree trees Baum m Bäume
flower flowers Blume f Blumen
book books Buch n Bücher
letter letters Brief m Briefe
lamp lamps Lampe f Lampen
car cars Auto n Autos
train trains Zug m Züge
ship ships Schiff n Schiffe
street streets Straße f Straßen
bridge bridges Brücke f Brücken
teacher teachers Lehrer m Lehrer
doctor doctors Arzt m Ärzte
picture pictures Bild n Bilder
table tables Tisch m Tische
window windows Fenster n Fenster
clock clocks Uhr f Uhren
""".strip().splitlines()]
# Third person, plural, past; German the same.
VERBS = [line.split() for line in """
sees see saw sieht sehen sah sahen
finds find found findet finden fand fanden
asks ask asked fragt fragen fragte fragten
loves love loved liebt lieben liebte liebten
draws draw drew zeichnet zeichnen zeichnete zeichneten
knows know knew kennt kennen kannte kannten
seeks seek sought sucht suchen suchte suchten
takes take took nimmt nehmen nahm nahmen
needs need needed braucht brauchen brauchte brauchten
shows show showed zeigt zeigen zeigte zeigten
hears hear heard hört hören hörte hörten
paints paint painted malt malen malte malten
""".strip().splitlines()]
ADJECTIVES = [line.split() for line in """
old alt
young jung
small klein
big groß
new neu
beautiful schön
red rot
green grün
heavy schwer
wide breit
quiet still
cheap billig
long lang
strange seltsam
""".strip().splitlines()]
TIMES = [pair.split("|") for pair in """
today|heute
now|jetzt
here|hier
often|oft
never|nie
always|immer
in the morning|am Morgen
in the evening|am Abend
on Monday|am Montag
on Friday|am Freitag
in winter|im Winter
in summer|im Sommer
""".strip().splitlines()]
COUNTS = [line.split() for line in "two zwei,three drei,four vier,five fünf,six sechs,ten zehn".split(",")]
PLACES = [pair.split("|") for pair in """
near the river|am Fluss
behind the church|hinter der Kirche
at the station|am Bahnhof
in the garden|im Garten
on the hill|auf dem Hügel
""".strip().splitlines()]

DEFINITE = {"nominative": dict(m="der", f="die", n="das"), "accusative": dict(m="den", f="die", n="das")}
INDEFINITE = {"nominative": dict(m="ein", f="eine", n="ein"), "accusative": dict(m="einen", f="eine", n="ein")}
WEAK = {"nominative": dict(m="e", f="e", n="e"), "accusative": dict(m="en", f="e", n="e")}
MIXED = {"nominative": dict(m="er", f="e", n="es"), "accusative": dict(m="en", f="e", n="es")}


def phrase(chance, case):
    """A noun phrase: English, German, whether it is plural."""
    one, many, german, gender, germans = chance.choice(NOUNS)
    adjective = chance.choice(ADJECTIVES) if chance.random() < 0.6 else None
    kind = chance.choice(["the", "a", "plural", "count"])
    if kind in ("the", "a"):
        article, ending = (DEFINITE, WEAK) if kind == "the" else (INDEFINITE, MIXED)
        article, ending = article[case][gender], ending[case][gender]
        first = adjective[0] if adjective else one
        english = "an" if kind == "a" and first[0] in "aeiou" else kind
        nouns = one, german
    elif kind == "plural":
        english, article, ending, nouns = "the", "die", "en", (many, germans)
    else:
        english, article = chance.choice(COUNTS)
        ending, nouns = "e", (many, germans)
    words = [[english, article], [adjective[0], adjective[1] + ending] if adjective else None, nouns]
    sides = zip(*filter(None, words))
    return *(" ".join(side) for side in sides), kind in ("plural", "count")


def clause(chance):
    """A clause, with the German verb in second place."""
    subject, subjekt, plural = phrase(chance, "nominative")
    thing, ding, _ = phrase(chance, "accusative")
    verb = chance.choice(VERBS)
    past = chance.random() < 0.4
    english = verb[2] if past else verb[1] if plural else verb[0]
    german = verb[3 + 2 * past + plural]
    end, ende = chance.choice(TIMES + PLACES)
    if chance.random() < 0.4:
        return f"{end} {subject} {english} {thing}", f"{ende} {german} {subjekt} {ding}"
    if chance.random() < 0.5:
        return f"{subject} {english} {thing}", f"{subjekt} {german} {ding}"
    return f"{subject} {english} {thing} {end}", f"{subjekt} {german} {ding} {ende}"


def sentence(chance):
    """A sentence of one or two clauses."""
    sides = clause(chance)
    if chance.random() < 0.3:
        joint = chance.choice([("and", "und"), ("but", "aber")])
        sides = [f"{a}, {word} {b}" for a, word, b in zip(sides, joint, clause(chance))]
    return tuple(side[0].upper() + side[1:] + "." for side in sides)


def sentences(count, seed):
    chance = random.Random(seed)
    return [sentence(chance) for _ in range(count)]
