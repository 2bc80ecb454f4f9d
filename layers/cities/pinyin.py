"""English names of Chinese places: the proper part in pinyin without tones, the kind translated.

Only `make_boundaries` needs this (and `pypinyin` with it).
"""

from __future__ import annotations

from pypinyin import (  # type: ignore[import-not-found]
    lazy_pinyin,
    load_phrases_dict,
    load_single_dict,
)

KINDS = (
    ("街道", "Subdistrict"),
    ("地区", "Area"),
    ("满族乡", "Manchu Township"),
    ("回族乡", "Hui Township"),
    ("镇", "Town"),
    ("乡", "Township"),
    ("社区", "Community"),
    ("村", "Village"),
    ("居委会", "Community"),
    ("生活区", "Residential Area"),
)

WHOLE = {
    "北京经济技术开发区": "Beijing Economic-Technological Development Area",
    "中关村国家自主创新示范区大兴生物医药产业基地": "Zhongguancun Daxing Biomedicine Base",
    "大兴经济开发区": "Daxing Economic Development Zone",
    "大兴国际机场": "Daxing International Airport",
    "北京雁栖经济开发区": "Yanqi Economic Development Zone",
    "中关村科技园区密云园": "Zhongguancun Science Park Miyun",
}
"""Names that are no proper name with a kind."""

READINGS = {
    "大栅栏": "da shi lan",
    "长阳": "chang yang",
    "十里堡": "shi li pu",
    "刘斌堡": "liu bin pu",
    "漷县": "huo xian",
    "马家堡": "ma jia pu",
    "单店": "shan dian",
    "单家": "shan jia",
    "什刹海": "shi cha hai",
    "长辛店": "chang xin dian",
    "长沟": "chang gou",
    "长哨营": "chang shao ying",
    "佛子庄": "fo zi zhuang",
    "朝阳": "chao yang",
    "朝阳门": "chao yang men",
}
"""Local readings that a dictionary gets wrong."""

PUNCTUATION = {ord("（"): "-", ord("）"): "", ord("、"): "-"}

LETTERS = {
    "长": "cháng",
    "朝": "cháo",
    "都": "dū",
    "佛": "fó",
    "乐": "lè",
    "什": "shí",
    "葛": "gě",
    "仇": "qiú",
    "曾": "zēng",
    "翟": "zhái",
    "卜": "bǔ",
}
"""The usual reading of a character in the names of places, where a dictionary prefers another."""

load_single_dict({ord(letter): said for letter, said in LETTERS.items()})
load_phrases_dict({word: [[part] for part in said.split()] for word, said in READINGS.items()})


def district(name: str) -> str:
    """Name a district: 东城区 → Dongcheng."""
    return proper(name.removesuffix("区"))


def place(name: str) -> str:
    """Name a street, town or community: 东华门街道 → Donghuamen Subdistrict."""
    if name in WHOLE:
        return WHOLE[name]
    for kind, english in KINDS:
        if name.endswith(kind) and len(name) > len(kind):
            return f"{proper(name.removesuffix(kind))} {english}"
    return proper(name)


def community(name: str) -> str:
    """Name the area, not its committee: 银闸社区居委会 → 银闸社区, 高井村委会 → 高井村."""
    for committee in ("居民委员会", "居民居委会", "居委会"):
        if name.endswith(committee):
            stem = name.removesuffix(committee)
            return stem if stem.endswith("社区") else f"{stem}居委会"
    for committee in ("村民委员会", "村委会"):
        if name.endswith(committee):
            stem = name.removesuffix(committee)
            return stem if stem.endswith("村") else f"{stem}村"
    return name.replace("股份经济合作社", "").replace("（集团）", "")


def proper(name: str) -> str:
    """Write one word in pinyin: 西长安街 → Xichang'anjie (apostrophe: GB/T 16159)."""
    syllables: list[str] = lazy_pinyin(name.translate(PUNCTUATION))
    joined = syllables[0] + "".join(f"'{s}" if s[0] in "aeo" else s for s in syllables[1:])
    # lazy_pinyin writes ü as v, which no Chinese syllable has otherwise
    return joined.replace("v", "ü").capitalize()
