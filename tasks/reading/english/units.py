"""Units and currencies: how they are written, and their words in the singular and the plural."""

from dataclasses import dataclass

_UNITS = """
cup,cups cup | hour,hours hour | mile,miles mile | teaspoon,teaspoons teaspoon
liter,liters liter | tablespoon,tablespoons tablespoon | nm nanometer | μm micrometer
mm millimeter | cm centimeter | dm decimeter | m,mtr,mtrs meter | km,kms,KM kilometer
in,in.,inch,inches,″ inch inches | ft,ft.,Ft. foot feet | yd,yd.,yds,yds. yard | mi,mi. mile
㎜ millimeter | ㎝ centimeter | ㎞ kilometer | ㎎ milligram | ㎏ kilogram | ㎖ milliliter
ℓ,L,l,ltr liter | ml,mL,ML milliliter | cl,cL centiliter | dl,dL deciliter | cc,㏄ cc cc
μg,mcg,㎍ microgram | mg milligram | g,gm,gms,gr gram | kg,kgs,Kg,KG kilogram | t ton
lb,lb.,lbs,lbs.,LB,LBS pound | oz,oz.,OZ ounce
fl.oz.,fl.oz,floz,fl~oz,fl~oz.,fl.~oz,fl.~oz. fluid~ounce | gal,gal. gallon
gph,GPH gallon~per~hour gallons~per~hour | gpm,GPM gallon~per~minute gallons~per~minute
qt,qt.,qts,qts. quart
pt,pt. pint | tsp,tsp.,tsps teaspoon | tbsp,tbsp.,Tbsp,Tbsp.,tbsps tablespoon
sq~ft,sf,SF,s.f.,sq~ft.,sq.~ft.,sq.~ft,sqft,sft,ft²,ft2 square~foot square~feet
sq~m,sq.~m,sq.~m.,sqm,㎡,m²,m2 square~meter | sq~km,km²,km2,㎢ square~kilometer
cm²,cm2 square~centimeter | mm²,mm2 square~millimeter
in²,in2,sq~in,sq.~in. square~inch square~inches | mi²,sq~mi,sq.~mi. square~mile | ha hectare
ac,ac. acre
m³,m3,㎥,cbm,CBM cubic~meter | cm³,cm3 cubic~centimeter | mm³ cubic~millimeter
ft³,ft3,cu~ft,cu.~ft. cubic~foot cubic~feet | in³,in3,cu~in cubic~inch cubic~inches
ns nanosecond | μs microsecond | ms millisecond | s,sec,sec.,secs,secs. second
min,min.,mins,mins. minute | h,hr,hr.,hrs,hrs. hour | wk,wk.,wks,wks. week | yr,yr.,yrs,yrs. year
mo,mo.,mos,mos.,mth,mths,mths. month | nts night | m/s,m/sec meter~per~second meters~per~second
m/s²,m/s2 meter~per~second~squared meters~per~second~squared
km/h,kmh,km/hr,kph kilometer~per~hour kilometers~per~hour
km/s kilometer~per~second kilometers~per~second
ft/s foot~per~second feet~per~second | fpm foot~per~minute feet~per~minute
bbl barrel | Mcf thousand~cubic~feet thousand~cubic~feet
mph,MPH mile~per~hour miles~per~hour | mpg mile~per~gallon miles~per~gallon | kn,kt,kts knot
bit bit | kb,Kb kilobit | kB,KB,KiB kilobyte | Mb megabit | MB,MiB megabyte | Gb gigabit
GB,GiB,gb gigabyte | TB,TiB,tb terabyte | PB petabyte
kbps,Kbps,kbit/s,kb/s kilobit~per~second kilobits~per~second
Mbps,mbps,MBPS,Mbit/s,Mb/s megabit~per~second megabits~per~second
Gbps,gbps,Gbit/s,Gb/s gigabit~per~second gigabits~per~second
kB/s,KB/s kilobyte~per~second kilobytes~per~second
MB/s,MBps megabyte~per~second megabytes~per~second
GbE gigabit~Ethernet gigabit~Ethernet | GB/s,GBps gigabyte~per~second gigabytes~per~second
Hz,hz,HZ hertz hertz
kHz,KHz,khz kilohertz kilohertz | MHz,Mhz,mhz megahertz megahertz
GHz,Ghz,ghz gigahertz gigahertz | W,w watt | mW milliwatt | kW,KW kilowatt | MW megawatt
GW gigawatt | kWp,kwp kilowatt~peak kilowatts~peak | MWp megawatt~peak megawatts~peak
MMBtu,MMBTU million~BTU million~BTU | mS millisiemens millisiemens
mS/cm millisiemens~per~centimeter millisiemens~per~centimeter
kWh,KWh,kwh,KWH kilowatt~hour | MWh megawatt~hour | Wh watt~hour | VA volt-ampere
kVA kilovolt-ampere | MVA megavolt-ampere | kvar,kVAr kilovar
amp,amps amp | V,v volt | mV millivolt | kV kilovolt | mA milliamp | mAh,MAH,mah milliamp~hour
Ah amp~hour
VAC volt~AC volts~AC | VDC volt~DC volts~DC | Ω,Ω ohm | kΩ,kΩ kilohm
MΩ,MΩ megohm | μF microfarad | J joule | kJ kilojoule
MJ megajoule | cal,cal. calorie | kcal,kcal.,Kcal kilocalorie
N newton | Nm,N·m newton~meter | Pa pascal
hPa hectopascal | kPa kilopascal | MPa megapascal | bar bar
psi,PSI pound~per~square~inch pounds~per~square~inch | dB,db,dBA,㏈,dB(A) decibel | lm lumen
lx lux lux | cd candela | nit,nits nit | dBm decibel-milliwatt
cd/m² candela~per~square~meter candelas~per~square~meter
rpm,RPM revolution~per~minute revolutions~per~minute | bpm,BPM beat~per~minute beats~per~minute
fps,FPS frame~per~second frames~per~second | dpi,DPI dot~per~inch dots~per~inch
ppi,PPI pixel~per~inch pixels~per~inch | px pixel | MP,Mpx megapixel
hp,HP,bhp horsepower horsepower | ppm part~per~million parts~per~million | ct,ct. karat
mmHg,mm~Hg millimeter~of~mercury millimeters~of~mercury
ga,ga. gauge gauge
ppb part~per~billion parts~per~billion
ctw,cttw,ct~tw,ct~tw.,ct.~tw,ct.~t.w.,ct~t.w. carat~total~weight carats~total~weight
gsm,g/m²,g/m2 gram~per~square~meter grams~per~square~meter
IU international~unit | U/mL,U/ml,IU/mL,IU/ml unit~per~milliliter units~per~milliliter
N/m²,N/m2 newton~per~square~meter newtons~per~square~meter | bps,bp basis~point
lb-ft,lb·ft,lb.-ft. pound-foot pound-feet | ft-lb,ft-lbs,ft·lb foot-pound | in-lb,in-lbs inch-pound
pcs,pcs.,pc,pc. piece | pr,pr.,prs,prs. pair
ctn,ctn.,ctns carton | pkg package | mol mole | g/km gram~per~kilometer grams~per~kilometer
mg/l,mg/L milligram~per~liter milligrams~per~liter
μL,μl,uL microliter | mmol millimole | μmol micromole
mmol/L,mmol/l millimole~per~liter millimoles~per~liter | g/l,g/L gram~per~liter grams~per~liter
kg/m² kilogram~per~square~meter kilograms~per~square~meter
kg/m³ kilogram~per~cubic~meter kilograms~per~cubic~meter
l/min,L/min liter~per~minute liters~per~minute | m³/h cubic~meter~per~hour cubic~meters~per~hour
kWh/year kilowatt~hour~per~year kilowatt~hours~per~year
l/100km liter~per~one~hundred~kilometers liters~per~one~hundred~kilometers
μg/m³ microgram~per~cubic~meter micrograms~per~cubic~meter
L/100km,L/100~km,l/100~km liter~per~one~hundred~kilometers liters~per~one~hundred~kilometers
W/m² watt~per~square~meter watts~per~square~meter
°C,ºC,℃,°c,°~C,deg~C degree~Celsius degrees~Celsius
°F,ºF,℉,°~F,deg~F degree~Fahrenheit degrees~Fahrenheit
°K degree~Kelvin degrees~Kelvin | °,º,deg,deg. degree
% percent percent | ‰ per~mille per~mille | °N,°~N degree~north degrees~north
°S,°~S degree~south degrees~south | °E,°~E degree~east degrees~east
°W,°~W degree~west degrees~west
"""
_MONEY = """
$ dollar cent | US$,U.S.$,USD,US~$ US~dollar cent | HK$,HKD Hong~Kong~dollar cent
NT$,TWD,NTD New~Taiwan~dollar cent | A$,AU$,AUD Australian~dollar cent
C$,CA$,CAD,CDN$ Canadian~dollar cent | S$,SG$,SGD Singapore~dollar cent
NZ$,NZD New~Zealand~dollar cent | MX$,Mex$,MXN Mexican~peso centavo | R$,BRL real,reais centavo
€,EUR,Eur euro cent | £,GBP pound penny,pence | ¥,CNY,RMB,CN¥ yuan,yuan fen,fen
JP¥,JPY yen,yen sen,sen | ₩,KRW won,won jeon,jeon | ₹,INR,Rs,Rs.,Re. rupee paisa,paise
₽,RUB ruble kopeck | ₺,TRY lira,lira kurus,kurus | ฿,THB baht,baht satang,satang
₫,VND dong,dong xu,xu | ₴,UAH hryvnia kopeck | ₪,ILS shekel agora,agorot
₦,NGN naira,naira kobo,kobo | ₱,PHP peso centavo | ₫ dong,dong xu,xu | ₡,CRC colon,colones centimo
₲ guarani centimo | ₵,GHS cedi pesewa | ₸,KZT tenge,tenge tiyn,tiyn | ₼,AZN manat qepik,qepik
₾,GEL lari,lari tetri,tetri | ₭ kip,kip att,att | ៛ riel sen,sen | ₮ tugrik mongo,mongo
₿,BTC bitcoin satoshi | CHF,Fr. Swiss~franc centime,centimes
SEK Swedish~krona,Swedish~kronor ore,ore | NOK Norwegian~krone,Norwegian~kroner ore,ore
DKK Danish~krone,Danish~kroner ore,ore | kr,kr. krona,kronor ore,ore
zł,PLN zloty,zlotys grosz,groszy | Kč,CZK koruna,koruna haler,halers
HUF forint,forints filler,fillers | AED dirham fils,fils | SAR riyal halala,halalas
QAR riyal dirham | ZAR rand,rand cent | MYR,RM ringgit,ringgit sen,sen
IDR,Rp,Rp. rupiah,rupiah sen,sen | ETH ether,ether wei,wei | USDT tether,tether cent
¢ cent,cents cent
"""


@dataclass(frozen=True)
class Unit:
    """The words for a unit."""

    one: str
    many: str


@dataclass(frozen=True)
class Currency:
    """The words for a currency and for its hundredth."""

    one: str
    many: str
    small_one: str
    small_many: str


def _entries(table: str) -> list[tuple[list[str], list[str]]]:
    rows = [row.split() for line in table.strip().splitlines() for row in line.split("|")]
    return [
        (row[0].replace("~", " ").split(","), [word.replace("~", " ") for word in row[1:]])
        for row in rows
    ]


def _units() -> dict[str, Unit]:
    return {
        name: Unit(words[0], words[1] if len(words) > 1 else f"{words[0]}s")
        for names, words in _entries(_UNITS)
        for name in names
    }


def _currencies() -> dict[str, Currency]:
    return {
        name: Currency(*_one_and_many(words[0]), *_one_and_many(words[1]))
        for names, words in _entries(_MONEY)
        for name in names
    }


def _one_and_many(words: str) -> tuple[str, str]:
    one, comma, many = words.partition(",")
    return (one, many) if comma else (one, f"{one}s")


UNITS = _units()
CURRENCIES = _currencies()
_GLUED_ONLY = "in v w ga ga. ct bar pt N J kn nit cd t pc"
GLUED_ONLY = frozenset(_GLUED_ONLY.split())
"""Units that are words, letters or other things when a space stands before them."""
PREFIX_ONLY = frozenset(["Rs", "Rs.", "Re.", "Rp", "Rp.", "RM", "Fr."])
"""Currencies that never follow their amount."""
PERIODS = {
    **dict.fromkeys(("mo", "mth", "month"), "a month"),
    **dict.fromkeys(("yr", "year", "annum", "y"), "a year"),
    **dict.fromkeys(("wk", "week"), "a week"),
    **dict.fromkeys(("d", "day"), "a day"),
    **dict.fromkeys(("hr", "hour", "h"), "an hour"),
    **dict.fromkeys(("min", "minute"), "a minute"),
    **dict.fromkeys(("sec", "second", "s"), "a second"),
    **dict.fromkeys(("nt", "night"), "a night"),
    **dict.fromkeys(("qtr", "quarter"), "a quarter"),
}
