"""Words whose readings or tones pypinyin's list gets wrong or lacks: data alone."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_NEUTRAL_SECOND = (
    "玻璃 葡萄 石榴 核桃 枇杷 蘑菇 点心 烧饼 萝卜 棉花 芝麻 高粱 庄稼 粮食 "
    "豆腐 馄饨 打扮 打听 打量 收拾 凉快 聪明 胳膊 脑袋 下巴 嘴巴 指甲 簸箕 "
    "灯笼 钥匙 媳妇 姑娘 老婆 太太 师傅 护士 街坊 丈夫 砖头 甜头 骨头 舌头 "
    "指头 拳头 跟头 罐头 码头 锄头 马虎 运气 福气 脾气 力气 客气 俗气 "
    "阔气 看看 试试 尝尝 听听 说说 聊聊 逛逛 摸摸 猜猜 歇歇 星星 猩猩 "
    "娃娃 公公 婆婆 姥姥 舅舅 叔叔 伯伯 姑姑 嫂嫂 招呼 张罗 吆喝 折腾 糊涂 "
    "糟蹋 耽误 担待 照应 商量 掂量 思量 盘算 打算 抽屉 刺猬 骆驼 苍蝇 蛤蟆 "
    "蚂蚱 鹌鹑 狐狸 牲口 畜生 喇叭 笛子 胭脂 首饰 衣裳 铺盖 褥子 行李 包袱 "
    "箱子 招牌 账房 伙计 主意 念叨 唠叨 絮叨 嘟囔 嘀咕 叨咕 哆嗦 "
    "疙瘩 窟窿 口袋 膏药 疟疾 痢疾 哑巴 结巴 瞎子 聋子 作坊 窝棚 篱笆 "
    "水灵 机灵 秀气 爽快 痛快 勤快 厚道 厉害 稀罕 体面 热乎 暖和 舒坦 "
    "漂亮 白净 宽敞 亮堂 清楚 明白 含糊 别扭 累赘 亲戚 本事 差事 故事 "
    "关系 交情 面子 规矩 名堂 名字 工夫 功夫 时候 日子 月亮 太阳 云彩 "
    "动静 消息 学问 学生 先生 状元 秀才 状子 眉毛 眼睛 耳朵 鼻子 头发 屁股 "
    "身子 唾沫 吐沫 意思 认识 晃荡 溜达 摆弄 拨弄 糊弄 欺负 委屈 冤枉 忌讳 "
    "讲究 将就 凑合 对付 比方 见识 合同 秧歌 月饼 粽子 馒头 包子"
)
NEUTRAL_SECOND = frozenset(_NEUTRAL_SECOND.split())
"""Words whose second syllable is neutral in every sense, though word lists read it in full."""

_NOUNS_IN_ZI = (
    "筷kuai4 椅yi3 房fang2 车che1 被bei4 帽mao4 裤ku4 袜wa4 瓶ping2 盒he2 袋dai4 箱xiang1 篮lan2 "
    "盘pan2 刀dao1 叉cha1 勺shao2 镜jing4 梳shu1 鼻bi2 脖bo2 肚du4 嗓sang3 孙sun1 嫂sao3 句ju4 "
    "例li4 点dian3 面mian4 圈quan1 院yuan4 屋wu1 柜gui4 架jia4 叶ye4 种zhong3 果guo3 橘ju2 "
    "桃tao2 饺jiao3 包bao1 粽zong4 狮shi1 兔tu4 猴hou2 鸽ge1 蚊wen2 虫chong2 本ben3 册ce4 "
    "孩hai2 妻qi1 杯bei1 裙qun2 鞋xie2 桌zhuo1 样yang4 日ri4 儿er2"
)
_WORDS_IN_ZI = {entry[0] + "子": f"{entry[1:]} zi5" for entry in re.findall(r"\S+", _NOUNS_IN_ZI)}

WORDS: Mapping[str, str] = MappingProxyType(
    {
        **_WORDS_IN_ZI,
        # neutral second syllables that pypinyin reads in full
        **{"朋友": "peng2 you5", "喜欢": "xi3 huan5", "时候": "shi2 hou5", "先生": "xian1 sheng5"},
        **{"东西": "dong1 xi5", "便宜": "pian2 yi5", "漂亮": "piao4 liang5", "舒服": "shu1 fu5"},
        **{"清楚": "qing1 chu5", "明白": "ming2 bai5", "告诉": "gao4 su5", "认识": "ren4 shi5"},
        **{"知道": "zhi1 dao5", "觉得": "jue2 de5", "值得": "zhi2 de5", "记得": "ji4 de5"},
        **{"显得": "xian3 de5", "衣服": "yi1 fu5", "头发": "tou2 fa5", "眼睛": "yan3 jing5"},
        **{"耳朵": "er3 duo5", "意思": "yi4 si5", "事情": "shi4 qing5", "地方": "di4 fang5"},
        **{
            "太阳": "tai4 yang5",
            "月亮": "yue4 liang5",
            "晚上": "wan3 shang5",
            "早上": "zao3 shang5",
        },
        **{"妈妈": "ma1 ma5", "爸爸": "ba4 ba5", "哥哥": "ge1 ge5", "姐姐": "jie3 jie5"},
        **{"弟弟": "di4 di5", "妹妹": "mei4 mei5", "爷爷": "ye2 ye5", "奶奶": "nai3 nai5"},
        **{"宝宝": "bao3 bao5", "谢谢": "xie4 xie5", "客气": "ke4 qi5", "麻烦": "ma2 fan5"},
        **{"热闹": "re4 nao5", "豆腐": "dou4 fu5", "窗户": "chuang1 hu5", "关系": "guan1 xi5"},
        **{"学生": "xue2 sheng5", "医生": "yi1 sheng5", "部分": "bu4 fen5", "故事": "gu4 shi5"},
        **{"结实": "jie1 shi5", "称呼": "cheng1 hu5", "薄荷": "bo4 he5", "扁担": "bian3 dan5"},
        **{"地地道道": "di4 di4 dao4 dao4", "踏实": "ta1 shi5", "亲戚": "qin1 qi5"},
        **{"猫爪": "mao1 zhua3", "狗爪": "gou3 zhua3", "累赘": "lei2 zhui5", "数落": "shu3 luo5"},
        **{"消息": "xiao1 xi5", "休息": "xiu1 xi5", "生意": "sheng1 yi5", "味道": "wei4 dao5"},
        **{"什么": "shen2 me5", "怎么": "zen3 me5", "那么": "na4 me5", "这么": "zhe4 me5"},
        **{"多少": "duo1 shao5", "咱们": "zan2 men5", "力气": "li4 qi5", "精神": "jing1 shen5"},
        # readings that depend on the word
        **{
            "长大": "zhang3 da4",
            "行长": "hang2 zhang3",
            "银行": "yin2 hang2",
            "还款": "huan2 kuan3",
        },
        **{"还钱": "huan2 qian2", "归还": "gui1 huan2", "退还": "tui4 huan2", "首都": "shou3 du1"},
        **{"都市": "du1 shi4", "成都": "cheng2 du1", "重复": "chong2 fu4", "重新": "chong2 xin1"},
        **{"重庆": "chong2 qing4", "音乐": "yin1 yue4", "快乐": "kuai4 le4", "数据": "shu4 ju4"},
        **{
            "少年": "shao4 nian2",
            "调整": "tiao2 zheng3",
            "空调": "kong1 tiao2",
            "差不多": "cha4 bu5 duo1",
        },
        **{"出差": "chu1 chai1", "睡觉": "shui4 jiao4", "了解": "liao3 jie3", "为了": "wei4 le5"},
        **{
            "得到": "de2 dao4",
            "获得": "huo4 de2",
            "不得不": "bu4 de2 bu4",
            "了不起": "liao3 bu5 qi3",
        },
        **{"得了": "de2 le5", "目的": "mu4 di4", "的确": "di2 que4", "的士": "di2 shi4"},
        **{
            "地址": "di4 zhi3",
            "分量": "fen4 liang5",
            "一会儿": "yi1 hui4r",
            "一点儿": "yi1 dian3r",
            "有点儿": "you3 dian3r",
            "下载": "xia4 zai4",
        },
        **{"直播间": "zhi2 bo1 jian1", "保温杯": "bao3 wen1 bei1", "链接": "lian4 jie1"},
        **{"欢迎": "huan1 ying2", "来到": "lai2 dao4", "大家": "da4 jia1", "今天": "jin1 tian1"},
        **{"明天": "ming2 tian1", "昨天": "zuo2 tian1", "现在": "xian4 zai4", "小时": "xiao3 shi2"},
        **{"分钟": "fen1 zhong1", "我们": "wo3 men5", "你们": "ni3 men5", "他们": "ta1 men5"},
        **{"她们": "ta1 men5", "可以": "ke3 yi3", "点击": "dian3 ji1", "下方": "xia4 fang1"},
        **{"下单": "xia4 dan1", "立减": "li4 jian3", "漏水": "lou4 shui3", "水果": "shui3 guo3"},
        **{"百分之": "bai3 fen1 zhi1", "千分之": "qian1 fen1 zhi1", "零下": "ling2 xia4"},
        **{"认真地": "ren4 zhen1 de5", "轻松地": "qing1 song1 de5", "快速地": "kuai4 su4 de5"},
        **{"不断地": "bu4 duan4 de5", "开心地": "kai1 xin1 de5", "努力地": "nu3 li4 de5"},
        **{
            "展览馆": "zhan3 lan3 guan3",
            "老虎": "lao3 hu3",
            "美丽": "mei3 li4",
            "优惠": "you1 hui4",
        },
        **{"台儿庄": "tai2 er2 zhuang1", "大夫": "dai4 fu5", "士大夫": "shi4 da4 fu1"},
        **{"女儿": "nü3 er2", "儿童": "er2 tong2", "婴儿": "ying1 er2"},
        **{"幼儿": "you4 er2", "少儿": "shao4 er2", "儿女": "er2 nü3", "儿科": "er2 ke1"},
        **{
            "育儿": "yu4 er2",
            "儿歌": "er2 ge1",
            "新生儿": "xin1 sheng1 er2",
            "星期一": "xing1 qi1 yi1",
        },
        **{"周一": "zhou1 yi1", "统一": "tong3 yi1", "唯一": "wei2 yi1", "万一": "wan4 yi1"},
        **{"之一": "zhi1 yi1", "礼拜一": "li3 bai4 yi1", "十一": "shi2 yi1", "初一": "chu1 yi1"},
        **{"一一": "yi1 yi1", "一月": "yi1 yue4", "一号": "yi1 hao4", "一日": "yi1 ri4"},
        **{"大一新生": "da4 yi1 xin1 sheng1", "一加手机": "yi1 jia1 shou3 ji1"},
        **{"一汽大众": "yi1 qi4 da4 zhong4", "一汽丰田": "yi1 qi4 feng1 tian2"},
        **{"一线城市": "yi1 xian4 cheng2 shi4", "一线品牌": "yi1 xian4 pin3 pai2"},
        **{"一年级": "yi1 nian2 ji2", "一单元": "yi1 dan1 yuan2", "独一无二": "du2 yi1 wu2 er4"},
        **{"一等座": "yi1 deng3 zuo4", "一等舱": "yi1 deng3 cang1", "一等品": "yi1 deng3 pin3"},
        **{"负一层": "fu4 yi1 ceng2", "负一楼": "fu4 yi1 lou2", "地下一层": "di4 xia4 yi1 ceng2"},
        **{"一线大牌": "yi1 xian4 da4 pai2", "一加一": "yi1 jia1 yi1", "缪斯": "miu4 si1"},
        **{"一楼": "yi1 lou2", "一等奖": "yi1 deng3 jiang3", "一流": "yi1 liu2", "一级": "yi1 ji2"},
    }
)
"""Words read here, not by pypinyin. Tones are those of the word alone, before sandhi."""
