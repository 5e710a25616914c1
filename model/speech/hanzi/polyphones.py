"""Characters of several readings, where pypinyin's word list is wrong or silent. Pure.

``PHRASES`` are words that lists lack; rules are contexts. A rule marks its character with ``<>``.
A phrase counts only where no other word reaches across its ends: 发质 is not in 开发质量.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from model.speech.hanzi.phrases import PHRASES

_NUMERAL = "[一二三四五六七八九十百千万亿两几每这那各整单半]"
_TITLED = (
    "(?=先生|女士|小姐|老师|经理|医生|师傅|教授|同学|"
    "总(?![是会有算统局公部监裁理书台体量共结账在要能行]))"
)
_VERBS_IN_ABLE = (
    "(?:做|受|吃|去|来|办|装|放|忍|免|少|跑|拿|用|走|干|扛|搞|忘|错|管|帮|改|变|"
    "离|逃|躲|停|睡|看|买|卖|等|解决|满足|阻挡|拒绝|代替|替代)"
)
_SHORTEST_SAYING = 3
_RULES_TEXT: tuple[tuple[str, str], ...] = (
    # words that another word's end would hide
    (r"(?<![大际代华新])<都>会(?![区圈风型感女男精])", "dou1"),
    (r"在<行>(?=[政动驶程走李人])", "xing2"),
    (r"[省市]<长>(?=治|乐[市区县]|岭|汀|葛|垣|沙市|春市|白山|安[区县街路])", "chang2"),
    (r"小<曲>(?=[线面率折])", "qu1"),
    (r"<空>间(?![隙隔歇])", "kong1"),
    (r"[类相近酷神形疑貌]<似>", "si4"),
    (r"市<朝>阳(?=[区支路])", "chao2"),
    (r"(?<!截)<了>当(?=[地今时天月日晚])", "le5"),
    (r"(?<!截)了<当>(?=[地今时])", "dang1"),
    (r"(?<!截)了<当>(?=[天月日晚])", "dang4"),
    (r"朝<鲜>(?![花奶榨美果嫩])", "xian3"),
    (r"<晃>(?=眼|了?一?晃眼|得人)", "huang3"),
    # a trade, and what a hand does
    (r"[干做入进转爱换懂选][了过]?[这那本]<行>(?![程动为李人驶走业])", "hang2"),
    (r"[充点睡找够用犯打摸见管吃买抢碰怪逮猜][不得]<着>(?![急火凉迷])", "zhao2"),
    (r"(?:[叶花雪雨灰果尘瓣]|羽毛)<落>(?=[了在满一到])", "luo4"),
    (
        r"(?:钥匙|手机|东西|钱包|伞|行李|身份证|护照|眼镜|书包|耳机|外套)[都也又没别]{0,2}<落>"
        r"(?=在?[车家店酒飞座公办学])",
        "la4",
    ),
    (
        r"(?:衣服|头发|被子|地板|油漆|毛巾|墙面|胶水|指甲油|面膜)[还都也就快]{0,2}[没不未]?<干>(?=$|[了透])",
        "gan1",
    ),
    (r"[没未]<还>(?=[你我他她您咱书钱债账款贷]|人家)", "huan2"),
    (
        r"(?:[地园田棚盆院坡]里?|院子里|山上|阳台上?|后院|窗台上?)[都还也]?<种>(?=[了着满](?!不起|解))",
        "zhong4",
    ),
    (r"(?:好|容易|难|易)<种>(?=$|[也又])", "zhong4"),
    (r"在家<看>(?=孩子|娃|店)", "kan1"),
    (r"一起<数>(?=$|[一数])", "shu3"),
    (r"把[\u4e00-\u9fff]{0,2}面粉?<和>", "huo2"),
    (r"^[现特今]?<应>(?=广大|[\u4e00-\u9fff]{1,8}(?:要求|邀请|之邀|请求))", "ying4"),
    # 勒 that is tight, elsewhere it is of a name
    (r"<勒>(?=[紧住着得死断出脖肚人手腰肉疼痛裆]|大腿)", "lei1"),
    (r"[不太会很别没]<勒>(?=$|[的了又也])", "lei1"),
    (r"^<哦>", "o4"),
    (r"^<哇>", "wa1"),
    # what a buyer gets
    (
        r"可<得>(?=[，。！；]|$|[好大豪厚]?礼|赠|优惠|[一二三四五六七八九十两百千0-9¥]|红包|[满代]?[减金]?券|奖|"
        r"福利|现金|积分|免|双倍|全额|返|高达|价值|精美|限量)",
        "de2",
    ),
    # 得 that means must, by who must and what follows
    (
        r"(?:[我你您他她它咱们谁这那]|总|必|非|还|也|都|就|可|又|真|准|至少|一定|有人|反正)<得>"
        r"(?![到了知出奖分益意罪主体病救手以不失胜逞志票名的过已兼])(?=.)",
        "dei3",
    ),
    (
        "^<得>(?=[我你您他她买看说去来用选靠多先给把再花赶趁带穿吃喝做等找问试学有是要让换加减交付按从在跟对养洗泡排开关打放"
        "坐住走跑]|提前|重[新写做来装启]|抓紧|快点|准备|定期|经常|注意|小心|好好|预约|出示)",
        "dei3",
    ),
    (r"<还>(?=$|了[钱款债贷书])", "huan2"),
    (
        r"<调>到(?=[零一二三四五六七八九十百千两最中高低大小强弱冷热自静省]|合适|舒适|适合|需要|喜欢|想要)"
        r"(?![\u4e00-\u9fff]{0,4}(?:工作|部门|公司|单位))",
        "tiao2",
    ),
    (r"<冲>着(?=[阳你您我他她它这那谁镜窗门天太])", "chong4"),
    (r"<转>一转", "zhuan4"),
    (r"转一<转>", "zhuan4"),
    (r"<转>(?=得[飞快慢很更越稳]|个不停|起来|不动|不停|动不停)", "zhuan4"),
    (r"(?:不停地?|飞快地?|轮子?|风扇|陀螺|马达)<转>(?![型让卖移向变账发入出眼身告])", "zhuan4"),
    (
        r"(?<![店商床当药杂旺卧])<铺>(?=[在好上满平开着了成]|得|一层|地[毯板砖面暖]|床单|路|砖|垫子)",
        "pu1",
    ),
    (r"补<给>(?=[你您我他她大客顾用])", "gei3"),
    (r"来自<省>", "sheng3"),
    (r"<教>得", "jiao1"),
    # 长得: looks and growth, or length
    (
        r"(?:[路线队绳河江街桥夜袖裙裤腿睫毛]|时间|历史|寿命|续航|待机|排|拖|"
        r"比.{1,6})<长>得",
        "chang2",
    ),
    (r"<长>得(?=离谱|惊人|吓人|多|出奇|要命|可怕|没边|看不|望不|不像话)", "chang2"),
    (r"<长>得", "zhang3"),
    (r"(?:头发|个子|孩子|宝宝|树苗|苗|草|牙|指甲|胡子|肉|痘)<长>得", "zhang3"),
    (r"<长>(?=了[个点一]|出|在|满|成了|高了|胖了|什么样|这样|那样)", "zhang3"),
    (r"<长>着", "zhang3"),
    (r"<没>过(?!膝|腰|头|脚|胸|小腿|大腿|肩)", "mei2"),
    (r"<长>宽高", "chang2"),
    (r"数了<数>(?![字据量码千百])", "shu3"),
    (r"<转>(?=了?[一二两三几]圈)", "zhuan4"),
    # 重重
    (r"(?:困难|层层|危机|顾虑|疑点|障碍|关卡|心事|迷雾|阻碍|矛盾|险阻)<重>重", "chong2"),
    (r"(?:困难|层层|危机|顾虑|疑点|障碍|关卡|心事|迷雾|阻碍|矛盾|险阻)重<重>", "chong2"),
    (r"<重>重(?=[的地摔打压落砸一])", "zhong4"),
    (r"重<重>(?=[的地摔打压落砸一])", "zhong4"),
    (
        r"[一二三四五六七八九十百千万两几]<重>(?=好礼|优惠|保障|惊喜|福利|礼|享|门|奏|"
        r"防护|认证|过滤|保险|天|境|唱|体验|滋养|功效|山|岭|楼|浪|云|雾|关|考验|障碍|身份|"
        r"意义|阻|优势|选择|压力|打击|标准|身)",
        "chong2",
    ),
    # kinds, and what grows
    (r"[一二三四五六七八九十百千几两多各这那每哪某]<种>", "zhong3"),
    (
        r"<种>(?=[菜花茶粮树]|水稻|玉米|小麦|葡萄|苹果|药材|韭菜|[出上下满活][来了的在]|"
        r"的(?:菜|茶|花|树|果|粮|瓜|米))(?<![品物火树兵杂]种)",
        "zhong4",
    ),
    (r"(?:期|料|质|色|址|币|压|流)<为>(?![您你我他她它了何此什大客顾用家爱孩宝])", "wei2"),
    (r"<传>(?=[说奇承媒统递输达播颂闻世])", "chuan2"),
    (r"(?<![第一-十])[一二三四五六七八九十百两几每整]<卷>(?![书本宗集])", "juan3"),
    (r"^<弹>(?![幕药头道珠弓匣壳片仓夹坑丸])", "tan2"),
    (r"[人位友]同<行>", "xing2"),
    (r"可<调>(?![查动取研用派集换离])", "tiao2"),
    (r"[十百千万]<转>(?=$|每|电机|马达|[的左以高低])", "zhuan4"),
    (r"(?:每月|每期|按月|分期)<还>(?=[零一二两三四五六七八九十百千万])", "huan2"),
    (
        r"<得>(?=趁[早热现]|抓紧|赶紧|提前|尽[快早]|小心|当心)(?<![觉值懂显晓记省免懒舍难取获认]得)",
        "dei3",
    ),
    (r"[穿拿吃看摸买卖住走跑飞睡坐站用说做写画唱跳喝开]<得>(?=[出进上下过回起动])", "de5"),
    # counted animals and single things
    (
        rf"(?:{_NUMERAL})<只>(?![要有是能好需会想剩用卖限怕见顾管差可因看做选送收按在为])",
        "zhi1",
    ),
    (
        r"[一二三四五六七八九十百几两每]<行>(?=字|代码|诗|文字|泪|数据|标题|小字|"
        r"白鹭|大雁|鸿雁|归雁|雁|脚印|足迹|热泪|清泪|眼泪|白杨|垂柳|柳|树|松|歌词|文本|记录|注释|"
        r"命令|座位|注脚|标语|说明)",
        "hang2",
    ),
    (
        r"(?:[排站写列]成|第|每|同)[一二三四五六七八九十几两]?<行>(?=$|[的里中第末首尾和有最])(?<!银行)",
        "hang2",
    ),
    (r"(?:第[一二三四五六七八九十]|各|全|本|该|跨|同|多)<行>业(?!务)", "hang2"),
    # 为 before numbers
    (r"<为>(?=[零二三四五六七八九十百千万亿两负]|一[百千万亿点十零二三四五六七八九])", "wei2"),
    ("(?:开|研|首|并|激|触|批|沙)<发>", "fa1"),
    ("(?<![头秀毛白黑卷染洗护理假])<发>(?=货|展|放|布|送|现|明|起|动|电|给|票|行|挥)", "fa1"),
    (r"<中>(?=文|国|心|间|医|秋|午|年|药|式|餐|性)", "zhong1"),
    ("(?:视频|画面|电脑|手机|网络|系统|程序|游戏|进度|播放|运行).{0,4}<卡>住", "ka3"),
    # 还给
    (
        r"<还>给(?=[您你大各老新家粉我咱]\w{0,4}?(?:准备|带来|送|打|加|减|赠|配|安排|"
        r"申请|争取|额外|补|留|发|升级|免|包|优惠|福利))",
        "hai2",
    ),
    # 了 behind a verb and 不 or 得
    (rf"{_VERBS_IN_ABLE}[不得]<了>(?!解|结)", "liao3"),
    ("^不<了>(?=谢谢|$)", "le5"),
    (r"(?<=[来去好大])不<了>(?=$)", "liao3"),
    (r"<教>(?=[你您我他她]|大家|各位|小朋友|宝宝)(?<!请教)", "jiao1"),
    (rf"<曾>{_TITLED}", "zeng1"),
    (rf"(?:^|[姓请由是和问找跟，])<单>{_TITLED}", "shan4"),
    (rf"(?:^|[姓请由是和问找跟，])<任>{_TITLED}", "ren2"),
    (rf"(?:^|[姓请由是和问找跟，])<解>{_TITLED}", "xie4"),
    (rf"(?:^|[姓请由是和问找跟，])<查>{_TITLED}", "zha1"),
    (rf"(?:^|[姓请由是和问找跟，])<区>{_TITLED}", "ou1"),
    (rf"(?:^|[姓请由是和问找跟，])<华>{_TITLED}", "hua4"),
    (rf"<仇>{_TITLED}", "qiu2"),
    (rf"<朴>{_TITLED}", "piao2"),
    (r"<缝>(?=[衣补制合纫]|扣子|被|纽扣)", "feng2"),
    (r"(?:颜色|性情|阴阳|风味)<调>和", "tiao2"),
    (r"(?<!强)<调>(?=得[很太更最刚恰正均]|[好匀配试匹一])(?<![单格色曲腔声音语步情]调)", "tiao2"),
    (r"<系>(?=[上好紧着](?!下))(?<![关联体维]系)", "ji4"),
    (
        r"(?<![关联体维])<系>(?=扣子|纽扣|领带|围巾|围裙|丝巾|鞋带|腰带|皮带|安全带|蝴蝶结|绳|带子)",
        "ji4",
    ),
    (r"<切>(?=[成开碎丝块片丁段菜肉]|水果|蛋糕|着吃)(?<![一亲密迫恳热确真急贴]切)", "qie1"),
    (r"<盛>(?=[满饭汤粥菜]|一碗|了一碗)", "cheng2"),
    (r"<薄>(?=[了的些点]|一点|如)(?<![单轻浅微稀淡菲刻]薄)", "bao2"),
    (
        r"<数>(?=[了着]|一数|[一二三]遍|"
        r"到[一二三四五六七八九十])(?<![人件多少次无总参基倍整复]数)",
        "shu3",
    ),
    (r"(?:沙发|座椅|地板|瓷砖|[墙砖石牙指床窗骨地柜])<缝>(?!线|纫|制|补|合|好|了|上)", "feng4"),
    (
        r"(?:^|[想要去来爱会能可再])<种>(?=[一两三四五六七八九十几][棵株片排亩行垄]|满|上|下|出)",
        "zhong4",
    ),
    (r"[两三四五六七八九十几一]<行>(?=菜|座|字|秧|苗|果树|留|排)", "hang2"),
    (r"[种栽站坐排列有][着了]?[两三四五六七八九十几]<行>(?![程动人为])", "hang2"),
    (r"第[一二三四五六七八九十]<行>(?![程动为驶走政星])", "hang2"),
    (r"[这那]<行>(?=字|代码|话|数字|文字|小字|的|里|干|做)", "hang2"),
    (r"[这那本哪同每][一]?<行>(?=干|做|混|里|的(?:人|规矩|门道|老))", "hang2"),
    (r"三百六十<行>", "hang2"),
    (
        r"(?<![现可就发进举流通盛施实送同推])(?<=[全总])<行>(?=共|网点|员工|贷款|存款|上下|业绩|今年|目前)",
        "hang2",
    ),
    (r"<数>(?=[完得过出清])(?<![人件多少次无总参基倍整复位分指岁点读字度天级页]数)", "shu3"),
    (r"<系>(?=个|一[个条根]|上|不上)(?<![关联体维派谱直星院一]系)", "ji4"),
    (
        r"<空>(?=着(?!手|肚|腹)|[一两三]格|出[一两来位时]|[一两]行)(?<![天太航时高悬夜真低上半星]空)",
        "kong4",
    ),
    (r"<当>不(?:得|了)真", "dang4"),
    (r"调一<调>", "tiao2"),
    (r"<调>一调", "tiao2"),
    (r"<重>(?=[说写走做发填算排洗拍登录考看讲读设装刷数][\u4e00-\u9fff]{0,3}一[遍次])", "chong2"),
    (r"<露>一?小?手(?![机腕臂])", "lou4"),
    (r"<转>(?=了?(?:半天|一[圈转]|起来|个?不停|悠))(?<![旋运扭反周中好]转)", "zhuan4"),
    (r"(?:一直|都在|不停|还在|飞速|匀速|高速)<转>(?![型让卖移向变账发入出眼身告化])", "zhuan4"),
    (r"旋?钮<转>", "zhuan4"),
    (
        r"(?<![觉显值懂舍记省免懒难获取认晓来使变博赢引惹怪闲不])<得>"
        r"(?=带|用(?!心)|先|靠(?!谱)|找|按[时照期]|备|买|交|付|拿|戴|请|预约|拍[片照]|自己|有人"
        r"|多[喝吃穿看练走说做]|少[喝吃放]|[歇换修割补查绕赶](?!得)|洗(?!得)|排队|定期|经常"
        r"|注意|花[钱时]|重新)(?=.)",
        "dei3",
    ),
    (r"<弹>(?=[幕药头道壳匣夹孔丸珠坑])", "dan4"),
    (r"(?:[核炮榴氢]|烟雾|闪光|信号|照明|燃烧)<弹>(?![簧出回开起性])", "dan4"),
    (r"^<教>$", "jiao4"),
    (r"[一二两三四]<教>(?=[一二两三四]保)", "jiao4"),
    (r"<种>(?=着|在(?!于))", "zhong4"),
    (r"[婆公爷奶妈爸家己我你他她民户村场园]<种>(?=的)", "zhong4"),
    (r"<干>手(?!诀)", "gan1"),
    (r"(?:晾|晒|吹|烘|风|自然|完全|彻底|没|等|^)<干>(?=了[再又就才后]|透)", "gan1"),
    (r"[两三四]班<倒>", "dao3"),
    (r"(?:[杯瓶碗壶树墙人桌椅架]子?|车子|房子|柜子)<倒>(?=了|下|在地)", "dao3"),
    (r"<转>晕", "zhuan4"),
    (r"(?:线头|绳子?|鞋带|头发|发髻|辫子|丝带)<散>(?=了|开|下|着)", "san3"),
    (r"<背>(?=在[背身肩]|[一两三整]天|起来)(?<![违后]背)", "bei1"),
    (r"<背>上(?=书包|包|行囊|孩子|吉他|相机)", "bei1"),
    (r"(?:发|刘海|草|苗|个子|树|藤|胡子|指甲)<长>(?=到)", "zhang3"),
    (r"<当>了(?=换|卖|钱|金|掉)", "dang4"),
    (r"(?:没|能|会|先|按时|一次)<还>(?=上(?:$|了|吗)|清|完)", "huan2"),
    (r"(?:^|[我们咱本该各])<行>[里内](?!程)", "hang2"),
    (r"(?:靠|让|用|要|帮|替|由)(?:人|我|他|她|爸|妈|自己)<背>(?=$|[上下回进着])", "bei1"),
    (
        r"(?:微波炉|风扇|机器|轮子|齿轮|水车|陀螺|唱片|马达|电机|地球)[也还能会在都不就]{0,3}<转>(?=$|[了着起])",
        "zhuan4",
    ),
    (r"倒着<数>", "shu3"),
    (r"倒<着>数", "zhe5"),
    (r"排<长>队", "chang2"),
    (r"<着>水(?=不|就|后|会|[，。]|$)", "zhuo2"),
    (r"打<中>(?=路|单(?![了中]))", "zhong1"),
    (r"<量>(?=[了着]|一[量下])(?<![大数重质容流销能热含用分少剂产力音尽]量)", "liang2"),
)


def _sign_of(rule: str) -> str:
    """The character that a rule marks."""
    marked = re.search(r"<([^=!<>?])>", rule)
    assert marked, rule
    return marked[1]


_RULES = tuple(
    (
        _sign_of(pattern),
        re.compile("(?=" + re.sub(r"<(.)>", r"(?P<it>\1)", pattern) + ")"),
        syllable,
    )
    for pattern, syllable in _RULES_TEXT
)
_NOUNS_IN_DI = (
    "砖土工各产的当落原基场草田绿农用耕林湿盆沙雪空平高阵天大本外内异两此该某属领圣胜营墓驻腹余境质心见园民源在"
    "散据生住口随就遍满席实倒着拖扫擦洗种下铺陆荒坡山谷旱洼租征拿买宅货销到这那块片亩处级城国界接坐险飞福宝"
    "旧故战房了是有和与从为一二三四五六七八九十几每全整跨多极重要入占佔离"
)
_DI_NOUNS = (
    "方上下面球区址铁图点板毯位理道带震主产暖段域形势界基库瓜砖漏垫推勤标貌中狱摊契热壳税级市头里步心皮轴质名表宝拖"
    "坪块灯龙雷窖利府缘缚膜黄丁盘牢痞接桩秤埂价宫"
)
_ADVERBS = (
    "专注 认真 仔细 安静 高兴 开心 大声 小声 轻松 快速 有效 更好 更快 "
    "飞快 真诚 热情 积极 主动 努力 不断 充分 直接 完美 完整 精准 准确 "
    "精心 细心 用心 耐心 全面 深入 大幅 大量 反复 快乐 幸福 自由 自然 "
    "自信 勇敢 顺利 成功 科学 合理 合法 安全 放心 安心 舒适 舒服 清楚 "
    "清晰 明显 明确 迅速 及时 随意 尽情 可能 限度 温柔 亲切 友好 礼貌 "
    "严格 严肃 不停 不住 一样 似的 般 性 无声 无条件 不知不觉 稳定 "
    "持续 优雅 平稳 均匀 牢固 巧妙 大胆 默契 坚定 坚决 兴奋 激动 惊喜 "
    "愉快 痛快 尽兴 随心 贴心 细致 诚恳 郑重 隆重 正式 独立 理性 系统 "
    "彻底 极大 很好 最好 较好 更多 更深 更强 更久 直截了当"
)
_SLOWLY = re.compile(r"(?:慢慢|渐渐|悄悄|轻轻|静静|默默|缓缓|偷偷|好好|逐渐|不断|自然而然)$")
_DOUBLED = re.compile(r"(.)\1$|(.)\2(.)\3$|一(.)一\4$|一(.)\5$|一(.{1,2})一\6$")


def with_particles(hanzi: str, words: Iterable[str]) -> str:
    """``hanzi`` with 的 for every 地 that makes an adverb (专注地听), as both are read de5.

    Long words that hold a 地 (天长地久) are left to the word list; see :func:`readings_in` for
    ``words``.
    """
    heard: list[str] = []
    for word in words:
        for sign in word:
            is_free = sign == "地" and len(word) < _SHORTEST_SAYING
            makes_adverb = is_free and _makes_adverb(hanzi, len(heard))
            heard.append("的" if makes_adverb else sign)
    return "".join(heard)


def _makes_adverb(hanzi: str, index: int) -> bool:
    said, rest = hanzi[:index], hanzi[index + 1 :]
    if said and not rest:  # 慢慢地，...
        return bool(_SLOWLY.search(said))
    if not said:
        return False
    if len(rest) == 1 and rest in _DI_NOUNS:
        return False
    if _DOUBLED.search(said) or said.endswith(tuple(_ADVERBS.split())):
        return True
    return len(said) > 1 and said[-1] not in _NOUNS_IN_DI and rest[0] not in _DI_NOUNS


def readings_in(hanzi: str, words: Iterable[str]) -> dict[int, str]:
    """Place in ``hanzi`` -> the reading there, where a rule or a phrase gives one.

    Args:
        hanzi: a run of Han characters.
        words: the words a word list cuts it into.
    """
    found: dict[int, str] = {}
    for sign, pattern, syllable in _RULES:
        for match in pattern.finditer(hanzi) if sign in hanzi else ():
            found.setdefault(match.start("it"), syllable)
    edges = _edges(words)
    for match in _phrase_pattern().finditer(hanzi):
        phrase = match[1]
        if edges.get(match.start(), True) and edges.get(match.start() + len(phrase), True):
            for offset, syllable in _phrases()[phrase]:
                found.setdefault(match.start() + offset, syllable)
    return found


def _edges(words: Iterable[str]) -> dict[int, bool]:
    """Place -> whether a word begins there; places inside a word are False."""
    edges: dict[int, bool] = {}
    place = 0
    for word in words:
        edges[place] = True
        edges.update(dict.fromkeys(range(place + 1, place + len(word)), False))
        place += len(word)
    return edges


@cache
def _phrases() -> Mapping[str, tuple[tuple[int, str], ...]]:
    found: dict[str, tuple[tuple[int, str], ...]] = {}
    for reading, listed in PHRASES.items():
        sign, syllable = reading.split()
        for phrase in listed.split():
            places = tuple((i, syllable) for i, each in enumerate(phrase) if each == sign)
            found[phrase] = (*found.get(phrase, ()), *places)
    return MappingProxyType(found)


@cache
def _phrase_pattern() -> re.Pattern[str]:
    listed = sorted(_phrases(), key=len, reverse=True)
    return re.compile(f"(?=({'|'.join(map(re.escape, listed))}))")
