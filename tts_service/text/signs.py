"""Signs that no rule took: the ones with a name are said, the others are a pause or nothing."""

import re
from typing import Final

from tts_service.text.rule import HAN, SAID

_WORD: Final = rf"A-Za-z0-9{HAN}{SAID}\u0370-\u03ff"
_LEFT: Final = rf"(?<=[{_WORD})）\"”])"
_RIGHT: Final = rf"(?=[{_WORD}(（\"“∅∞√？?{{\[-])"

_WORKED: Final = {"=": "等于", "-": "减", "+": "加", "×": "乘以", "*": "乘以", "÷": "除以", "/": "除以"}


def _worked(match: re.Match[str]) -> str:
    """Says the signs of a formula made of words: 利润=收入-成本, 毛利率=(收入-成本)/收入."""
    formula, outside = match[0], ""
    if formula[-1] in ")）" and len(re.findall("[(（]", formula)) < len(re.findall("[)）]", formula)):
        formula, outside = formula[:-1], formula[-1]
    return re.sub(r"\s?([-+×÷*/=()（）])\s?", lambda sign: _WORKED.get(sign[1], "括号"), formula) + outside


_SIGNS: Final = (
    (
        re.compile(
            rf"(?<=[{HAN}])\s?=\s?[(（]?[{HAN}]{{1,10}}(?:\s?[)）]?\s?[-+×÷*/]\s?[(（]?[{HAN}{SAID}]{{1,10}}[)）]?){{1,8}}"
        ),
        _worked,
    ),
    # Keys of a telephone: 请按#结束, 按“*”号键, *键.
    (re.compile(r"(?<=[按拨])\s?[“\"]?#[”\"]?号?|(?<![A-Za-z])#(?=键)"), "井号"),
    (re.compile(rf"(?<=[按拨])\s?[“\"]?\*[”\"]?(?:号|(?=[键{HAN}，。；、！？,;.!?\s]|$))|\*(?=键)"), "星号"),
    (re.compile(rf"(?<=[{SAID}\d])#(?=[，。；、！）)\s]|$)"), "井号"),
    (re.compile(rf"(?<=[{SAID}])\s?\*\s?(?=[长宽高深厚])"), "乘"),
    (re.compile(r"\*(?=号)"), "星"),
    (re.compile(r"#(?=号)"), "井"),
    (re.compile(r"(?<=[A-Za-z])\+{2,4}"), lambda match: "加" * len(match[0])),
    (re.compile(r"(?<=[绩级分评得到是][A-D])-(?=[，。；、！）]|$)"), "减"),
    (re.compile(r"(?<=[A-Za-z])#"), " sharp"),
    (re.compile(r"\s?&&\s?"), "，"),
    (re.compile(r"\s?&\s?"), "和"),
    (re.compile(r"\s?(?:[→⇒➜⟶]|-{1,2}>|=>)\s?"), "到"),
    (re.compile(r"\s?(?:↔|<->|⇔)\s?"), "和"),
    (
        re.compile(r"((?:周|星期|礼拜)[一二三四五六日天])\s?[-~—]{1,2}\s?(?=(?:周|星期|礼拜)?[一二三四五六日天])"),
        r"\1到",
    ),
    (re.compile(r"(?<=[一二三四五六七八九十百千万])\s?(?:[-~]|—{1,2})\s?(?=[一二三四五六七八九十])"), "到"),
    (re.compile(rf"(?<=[{SAID}])\s?[-~—]{{1,2}}\s?(?=次年|次日|次月|翌日|翌年|第二天|至今|现在|今)"), "到"),
    (re.compile(rf"(?<=[{SAID}])(?!\s-\S)\s?(?:[-~]|—{{1,2}})\s?(?=[{SAID}\d])"), "到"),
    (re.compile(rf"(?<=元)\s?/\s?(?=[{SAID}](?![元块万亿]))"), "每"),
    (re.compile(rf"(?<=[{SAID}])\s?/\s?(?=[{SAID}])"), "斜杠"),
    (re.compile(rf"(?<=[{SAID}])\s?/\s?(?=(?:月|年|天|日|周|小时|次|人|晚)(?![{HAN}]))"), "每"),
    (re.compile(r"[-−](?=百分之)"), "负"),
    (re.compile(r"\s?(?:>=|≥|≧|⩾)\s?"), "大于等于"),
    (re.compile(r"\s?(?:<=|≤|≦|⩽)\s?"), "小于等于"),
    (re.compile(r"\s?(?:!=|≠)\s?"), "不等于"),
    (re.compile(r"\s?[≈≒]\s?"), "约等于"),
    (re.compile(r"≡"), "恒等于"),
    (re.compile(rf"{_LEFT}\s?={{1,3}}\s?{_RIGHT}"), "等于"),
    (re.compile(rf"(?:{_LEFT}|(?<=…))\s?\+\s?(?:{_RIGHT}|(?=…))"), "加"),
    (re.compile(rf"(?<=[A-Z0-9{SAID}万亿千])\+"), "加"),
    (re.compile(rf"(?<=[{SAID}\d])\s?>\s?(?=[{SAID}\d])"), "大于"),
    (re.compile(rf"(?<=[{SAID}\d])\s?<\s?(?=[{SAID}\d])"), "小于"),
    (re.compile(rf"\s?>\s?(?=[{SAID}\d])"), "大于"),
    (re.compile(rf"\s?<\s?(?=[{SAID}\d])"), "小于"),
    (re.compile(rf"(?<=[{HAN}{SAID}])\s?/\s?(?=[{HAN}A-Za-z])|(?<=[A-Za-z])\s?/\s?(?=[{HAN}])"), "，"),
    (re.compile(rf"(?<=[率量度数值价本入润分高长宽重速额比温])\s?>\s?(?=[{HAN}])"), "大于"),
    (re.compile(rf"(?<=[率量度数值价本入润分高长宽重速额比温])\s?<\s?(?=[{HAN}])"), "小于"),
    (re.compile(r"(?<![A-Za-z0-9])([A-Za-z])\s?[~—]\s?(?=[A-Za-z](?![A-Za-z0-9]))"), r"\1到"),
    (re.compile(r"(?<![A-Za-z0-9])(?:a-(?=z)|A-(?=Z))(?!.[A-Za-z0-9])"), lambda match: f"{match[0][0]}到"),
    (re.compile(r"\s--(?=[A-Za-z])"), "杠杠"),
    (re.compile(r"(?:(?<=\s)|^)\.(?=[a-z]{2})"), "点"),
    (re.compile(r"%"), "百分号"),
    (re.compile(r"‰"), "千分号"),
    (re.compile(r"℃|°C(?![A-Za-z])"), "摄氏度"),
    (re.compile(r"°F(?![A-Za-z])"), "华氏度"),
    (re.compile(r"±"), "正负"),
    (re.compile(rf"(?<=[{_WORD}])\s?×\s?"), "乘"),
    (re.compile(r"÷"), "除以"),
    (re.compile(r"√"), "根号"),
    (re.compile(r"∛"), "三次根号"),
    (re.compile(r"∜"), "四次根号"),
    (re.compile(r"∞"), "无穷大"),
    (re.compile(r"∵"), "因为"),
    (re.compile(r"∴"), "所以"),
    (re.compile(r"∈"), "属于"),
    (re.compile(r"∩"), "交"),
    (re.compile(r"∪"), "并"),
    (re.compile(r"∉"), "不属于"),
    (re.compile(r"[≌≅]"), "全等于"),
    (re.compile(r"∽"), "相似于"),
    (re.compile(r"⊙(?=[A-Z])"), "圆"),
    (re.compile(r"∏"), "连乘"),
    (re.compile(r"⊕"), "异或"),
    (re.compile(r"⊂|⊆"), "包含于"),
    (re.compile(r"∅"), "空集"),
    (re.compile(r"∀"), "任意"),
    (re.compile(r"∃"), "存在"),
    (re.compile(r"∠"), "角"),
    (re.compile(r"⊥"), "垂直于"),
    (re.compile(r"∥"), "平行于"),
    (re.compile(r"∑"), "求和"),
    (re.compile(r"∫"), "积分"),
    (re.compile(r"²"), "平方"),
    (re.compile(r"³"), "立方"),
    (re.compile(rf"@{_RIGHT}"), "艾特"),
    (re.compile(rf"#(?=[{SAID}\d])"), "井号"),
    (re.compile(r"¥"), "元"),
    (re.compile(r"€"), "欧元"),
    (re.compile(r"£"), "英镑"),
    (re.compile(r"°"), "度"),
    (re.compile(rf"(?<=[{HAN}{SAID}])\.(?=[A-Za-z])"), "点"),
    (re.compile(r"[·•・]"), ""),
    (re.compile(r"[/_*#^|\\~<>+=$@`′″-]|(?<![A-Za-z])'|'(?![A-Za-z])"), " "),
)
_GREEK: Final = str.maketrans(
    {
        "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "ε": "艾普西隆", "ζ": "泽塔", "η": "伊塔", "θ": "西塔",
        "ι": "约塔", "κ": "卡帕", "λ": "兰姆达", "μ": "缪", "ν": "纽", "ξ": "克西", "π": "派", "ρ": "柔", "σ": "西格玛",
        "τ": "套", "υ": "宇普西隆", "φ": "斐", "χ": "希", "ψ": "普西", "ω": "欧米伽", "Δ": "德尔塔", "Σ": "西格玛",
        "Γ": "伽马", "Θ": "西塔", "Λ": "兰姆达", "Π": "派", "Φ": "斐", "Ψ": "普西", "Ω": "欧米伽", "∆": "德尔塔",
        "ϕ": "斐", "ς": "西格玛", "∂": "偏", "∇": "梯度",
    }
)  # fmt: skip


def say_signs(text: str) -> str:
    """Says the signs that stand between what was read; a sign without a name leaves a space."""
    for pattern, said in _SIGNS:
        text = pattern.sub(said, text)
    return text


def greek(text: str) -> str:
    """Says Greek letters by their names."""
    return text.translate(_GREEK)
