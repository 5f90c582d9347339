"""Units of measurement: how they are written, and how they are said."""

import re
from typing import Final

from tts_service.text.numerals import cardinal
from tts_service.text.rule import spelled

_PLAIN: Final = {
    "km": "公里", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "um": "微米", "nm": "纳米", "pm": "皮米",
    "m": "米", "ft": "英尺", "inch": "英寸", "mile": "英里", "miles": "英里", "ha": "公顷", "kg": "千克",
    "KG": "千克", "Kg": "千克", "g": "克", "mg": "毫克", "μg": "微克", "ug": "微克", "ng": "纳克", "t": "吨",
    "lb": "磅", "lbs": "磅", "oz": "盎司", "L": "升", "l": "升", "mL": "毫升", "ml": "毫升", "ML": "毫升",
    "μL": "微升", "dL": "分升", "cc": "毫升", "CC": "毫升", "h": "小时", "hr": "小时", "hrs": "小时", "min": "分钟",
    "mins": "分钟", "sec": "秒", "s": "秒", "ms": "毫秒", "μs": "微秒", "us": "微秒", "ns": "纳秒", "ps": "皮秒",
    "Hz": "赫兹", "hz": "赫兹", "HZ": "赫兹", "kHz": "千赫", "KHz": "千赫", "khz": "千赫", "MHz": "兆赫",
    "Mhz": "兆赫", "GHz": "吉赫", "Ghz": "吉赫", "THz": "太赫", "dB": "分贝", "db": "分贝", "DB": "分贝",
    "dBm": "分贝毫瓦", "dBA": "分贝", "W": "瓦", "mW": "毫瓦", "kW": "千瓦", "KW": "千瓦", "kw": "千瓦", "MW": "兆瓦",
    "GW": "吉瓦", "Wh": "瓦时", "kWh": "千瓦时", "KWh": "千瓦时", "kwh": "千瓦时", "MWh": "兆瓦时", "GWh": "吉瓦时",
    "V": "伏", "mV": "毫伏", "kV": "千伏", "KV": "千伏", "A": "安", "mA": "毫安", "μA": "微安", "kA": "千安",
    "mAh": "毫安时", "Ah": "安时", "VA": "伏安", "kVA": "千伏安", "Ω": "欧姆", "kΩ": "千欧", "KΩ": "千欧",
    "MΩ": "兆欧", "mΩ": "毫欧", "μF": "微法", "uF": "微法", "nF": "纳法", "pF": "皮法", "mH": "毫亨", "μH": "微亨",
    "uH": "微亨", "Pa": "帕", "hPa": "百帕", "kPa": "千帕", "KPa": "千帕", "MPa": "兆帕", "mPa": "毫帕",
    "cmH2O": "厘米水柱", "mmH2O": "毫米水柱", "Mpa": "兆帕",
    "GPa": "吉帕", "bar": "巴", "mbar": "毫巴", "mmHg": "毫米汞柱", "psi": " PSI ", "N": "牛", "kN": "千牛",
    "mN": "毫牛", "J": "焦", "kJ": "千焦", "KJ": "千焦", "MJ": "兆焦", "cal": "卡", "kcal": "千卡", "Kcal": "千卡",
    "eV": "电子伏", "keV": "千电子伏", "MeV": "兆电子伏", "GeV": "吉电子伏", "TeV": "太电子伏", "mol": "摩尔",
    "mmol": "毫摩尔", "μmol": "微摩尔", "lm": "流明", "lx": "勒克斯", "lux": "勒克斯", "cd": "坎德拉", "nit": "尼特",
    "nits": "尼特", "rpm": "转每分", "RPM": "转每分", "bpm": "拍每分", "BPM": "拍每分", "fps": "帧每秒",
    "FPS": "帧每秒", "px": "像素", "mph": "英里每小时", "rad": "弧度", "Sv": "希沃特", "mSv": "毫希沃特",
    "μSv": "微希沃特", "Bq": "贝可", "bit": "比特", "bits": "比特", "byte": "字节", "bytes": "字节", "Byte": "字节",
    "Bytes": "字节", "bps": "比特每秒", "kbps": "千比特每秒", "Kbps": "千比特每秒", "Mbps": "兆比特每秒",
    "mbps": "兆比特每秒", "Gbps": "吉比特每秒", "Tbps": "太比特每秒", "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度",
    "°": "度", "r/min": "转每分", "r/s": "转每秒",
    "umol": "微摩尔", "nmol": "纳摩尔", "pmol": "皮摩尔", "uL": "微升", "fL": "飞升", "pg": "皮克", "μV": "微伏",
    "uV": "微伏", "nA": "纳安", "MV": "兆伏", "kbit": "千比特", "Mbit": "兆比特", "Gbit": "吉比特", "Nm": "牛米",
    "mIU": "毫国际单位", "IU": "国际单位", "U/L": "单位每升", "U/mL": "单位每毫升", "U/ml": "单位每毫升",
}  # fmt: skip
_SPELLED: Final = (
    *("KB", "kB", "MB", "GB", "TB", "PB", "EB", "KiB", "MiB", "GiB", "TiB", "PiB"),
    *("ppm", "ppb", "dpi", "ppi", "DPI", "PPI", "Kb", "Mb", "Gb", "Tb"),
)
_RAISABLE: Final = ("kg", "km", "dm", "cm", "mm", "μm", "um", "nm", "m", "s")
_FREE: Final = frozenset({"A", "V", "W", "N", "J", "L", "l", "t", "g", "m", "s", "h", "°", "cal", "bar", "nit", "ha"})
"""Too short or too common to be a unit when a space stands before them."""
_NEVER_NEGATIVE: Final = frozenset(
    {"mAh", "Ah", "Wh", "kWh", "g", "kg", "mg", "ml", "mL", "L", "W", "kW", "Hz", "GHz", "MHz", "cm", "mm", "px", "rpm"}
)
_BEHIND: Final = {"s": "秒", "min": "分", "h": "小时", "d": "天", "r": "转", "kWh": "千瓦时", "K": "开"}

_ALL: Final = sorted((*_PLAIN, *_SPELLED), key=len, reverse=True)
_RAISED: Final = rf"(?:{'|'.join(_RAISABLE)})(?:[²³]|\^[23](?!\d)|[23](?![\dA-Za-z.]))"
_ONE: Final = rf"(?:{_RAISED}|(?:{'|'.join(map(re.escape, _ALL))})(?![A-Za-z]))"
_UNDER: Final = rf"(?:10{{1,3}}(?![KMGT]i?B))?(?:{_ONE}|[rdK](?![A-Za-z]))|\((?:{_ONE}|K)[·⋅*](?:{_ONE}|[dK])\)"
UNIT: Final = rf"(?:{_ONE}(?:[·⋅*]{_ONE})?(?:/(?:{_UNDER}))?)(?![A-Za-z²³])"
"""A unit, simple or composed: ``kg``, ``m²``, ``N·m``, ``mg/L``, ``L/100km``."""
_POWERS: Final = {"²": "平方", "³": "立方", "2": "平方", "3": "立方"}


def is_free(unit: str) -> bool:
    """Tells whether this unit must stand close to its number to be one."""
    return unit in _FREE


def is_never_negative(unit: str) -> bool:
    """Tells whether a hyphen in front of such an amount, behind a Chinese noun, only parts the two: 电池-5000mAh."""
    return unit in _NEVER_NEGATIVE or unit in _SPELLED


def is_spelled(unit: str) -> bool:
    """Tells whether a unit is said letter by letter (a 2 in front of it is 二)."""
    return unit.partition("/")[0] in _SPELLED


def unit_name(unit: str) -> str:
    """Says a unit that `UNIT` recognised: ``"mg/L"`` → 毫克每升, ``"km²"`` → 平方公里, ``"GB/s"`` → GB 每秒."""
    if unit.endswith(("/s²", "/s^2", "/s2")):
        return f"{unit_name(unit.partition('/')[0])}每二次方秒"
    if unit in _PLAIN:
        return _PLAIN[unit]
    over, slash, under = unit.partition("/")
    if under.startswith("("):
        factors = re.split(r"[·⋅*]", under.strip("()"))
        return f"{unit_name(over)}每" + "".join(_BEHIND.get(factor) or _one(factor) for factor in factors)
    parts = re.split(r"[·⋅*]", over)
    name = "".join("时" if part == "h" and len(parts) > 1 else _one(part) for part in parts)
    if not slash:
        return name
    count = re.match(r"\d*", under)[0]  # type: ignore[index]
    under = under[len(count) :]
    said = cardinal(count).removeprefix("一") if count else ""
    return f"{name}每{said}{_BEHIND.get(under) or _one(under)}"


def _one(unit: str) -> str:
    if unit in _PLAIN:
        return _PLAIN[unit]
    if unit in _SPELLED:
        return spelled(unit)
    power = _POWERS.get(unit[-1:])
    return power + _PLAIN[unit[:-1].rstrip("^")] if power else unit
